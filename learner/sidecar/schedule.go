package sidecar

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/deepscaler/deepscaler/estimator/exchange"
)

// entry is the schedule's memory of one application.
type entry struct {
	exchange.Application
	due      time.Time
	failures int // in a row
	// iterations of the next training: halved by each one that took too long.
	iterations int
	// scratch lets the next training begin without the serving model.
	scratch bool
	// again asks for another look soon, as services or requirements have changed.
	again  bool
	state  exchange.State
	detail string
}

// schedule decides which application is next. It is for one goroutine at a time.
type schedule struct {
	settings exchange.Learning
	random   func() float64 // in [0, 1)
	entries  map[string]*entry
}

const (
	// firstRetry is the time until a failed look is repeated; it doubles up to the
	// interval.
	firstRetry = 30 * time.Second
	// jitter is the largest part by which an interval is longer or shorter, so that
	// learners that start together do not query Prometheus together forever.
	jitter = 0.1
	// leastShare is the shortest time that a look may take.
	leastShare = time.Minute
)

// list takes over the adapter's list. New applications are due at the time that last
// returns for them.
func (s *schedule) list(applications []exchange.Application, due func(exchange.Application) time.Time) {
	listed := make(map[string]bool, len(applications))
	for _, a := range applications {
		listed[a.Name] = true
		e, ok := s.entries[a.Name]
		if !ok {
			e = &entry{due: due(a), iterations: s.settings.Iterations, state: exchange.Queued, detail: "it waits for its turn"}
			s.entries[a.Name] = e
		}
		if ok && moved(e.Application, a) {
			e.due, e.again = time.Time{}, e.state == exchange.Training
		}
		e.Application = a
	}
	maps.DeleteFunc(s.entries, func(name string, _ *entry) bool { return !listed[name] })
}

// moved reports whether services or requirements differ, which is a reason to look at
// once.
func moved(a, b exchange.Application) bool {
	return a.Step != b.Step || a.Window != b.Window || a.QueueingWindow != b.QueueingWindow || a.LeadTime != b.LeadTime || !slices.Equal(a.Features, b.Features) ||
		!slices.EqualFunc(a.Services, b.Services, func(x, y exchange.Service) bool { return x.Name == y.Name })
}

// next returns the application that is due for longest, nil if none is.
func (s *schedule) next(now time.Time) *entry {
	var first *entry
	for _, name := range slices.Sorted(maps.Keys(s.entries)) {
		if e := s.entries[name]; !e.due.After(now) && (first == nil || e.due.Before(first.due)) {
			first = e
		}
	}
	return first
}

// share is the time that one look may take.
func (s *schedule) share() time.Duration {
	return max(leastShare, s.settings.Interval/time.Duration(max(1, len(s.entries))))
}

// interval returns the jittered time between two looks.
func (s *schedule) interval() time.Duration {
	return time.Duration(float64(s.settings.Interval) * (1 + jitter*(2*s.random()-1)))
}

// retry returns the time until a look after so many failures.
func (s *schedule) retry(failures int) time.Duration {
	wait := min(firstRetry, s.settings.Interval)
	for range failures - 1 {
		wait = min(2*wait, s.settings.Interval)
	}
	return wait
}

// finish records the result of a look.
func (s *schedule) finish(name string, now time.Time, o outcome) {
	e, ok := s.entries[name]
	if !ok {
		return // not listed any more
	}
	defer func() {
		if e.again {
			e.again, e.due = false, now
		}
	}()
	switch {
	case o.err != nil:
		e.failures++
		e.state, e.detail, e.due = exchange.Failed, o.err.Error(), now.Add(s.retry(e.failures))
		if o.result == resultTimeout {
			e.iterations = max(1, e.iterations/2)
		}
		if o.result == resultDiverged {
			e.scratch = !o.scratch
		}
		return
	case o.result == resultWaiting:
		e.state, e.detail = exchange.Waiting, o.detail
		e.due = now.Add(min(s.settings.Interval, max(time.Second, o.wait)))
	default:
		e.state, e.detail, e.due = exchange.Resting, o.detail, now.Add(s.interval())
	}
	e.failures = 0
	// A child of the serving model that is no better says that it is stuck there.
	e.scratch = o.result == resultKept && !o.scratch && e.Serving != ""
}

// status returns the state of all applications.
func (s *schedule) status(now time.Time) *exchange.Status {
	status := &exchange.Status{Written: now.UTC(), Applications: []exchange.Progress{}}
	for _, e := range s.entries {
		p := exchange.Progress{Name: e.Name, State: e.state, Detail: e.detail}
		if e.state != exchange.Training {
			p.Next = e.due.UTC()
		}
		status.Applications = append(status.Applications, p)
	}
	slices.SortFunc(status.Applications, func(a, b exchange.Progress) int { return cmp.Compare(a.Name, b.Name) })
	return status
}
