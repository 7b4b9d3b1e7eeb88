package experiment

import (
	"math"
	"slices"
	"time"

	"github.com/deepscaler/deepscaler/test/lab/loop"
	"github.com/deepscaler/deepscaler/test/lab/need"
	"github.com/deepscaler/deepscaler/test/testbed/app"
)

// Run is one autoscaler with one setting of its knob under one load with one seed.
// Scripts rely on its JSON keys.
type Run struct {
	Application string  `json:"application"`
	Workload    string  `json:"workload"`
	Autoscaler  string  `json:"autoscaler"`
	Knob        float64 `json:"knob"`
	Seed        uint64  `json:"seed"`
	// Violations is the share of the steps in which the mean response, or the share of
	// failures, broke the SLO (Eq. 1 of the paper); ViolationsP95 is that of the 95th
	// percentile against the same bound.
	Violations    float64 `json:"violations"`
	ViolationsP95 float64 `json:"violationsP95"`
	// Course is the share of the steps that broke the SLO in each 20 minutes of the run.
	Course []float64 `json:"course"`
	// CoreHours is the CPU limit of all pods over the run (Eq. 2).
	CoreHours float64 `json:"coreHours"`
	// CAE is the cumulative absolute error in seconds: |mean response − SLO| summed over the
	// steps (Fig. 10).
	CAE float64 `json:"cae"`
	// Actions is how often the replicas of a service were changed.
	Actions int `json:"actions"`
	// RecoverySeconds is how long the SLO stays broken after a jump of the load or a change
	// of the mix, on average over those of the workload; null without any.
	RecoverySeconds *float64 `json:"recoverySeconds"`
	// NeededSeconds is how long it takes after such a change until every service has the
	// ready replicas that it then needs, likewise.
	NeededSeconds *float64 `json:"neededSeconds"`
	// MeanAbsoluteError is that of the estimate for the end of the lead time against the
	// fractional need, in replicas; null for an autoscaler that does not estimate.
	MeanAbsoluteError *float64 `json:"meanAbsoluteError"`
}

// judge fills in the scores of a record.
func (r *Run) judge(c *loop.Config, record *loop.Record, scaler loop.Autoscaler, future *need.Future) {
	slo := c.Application.SLO
	steps := float64(len(record.Steps))
	for i := range record.Steps {
		s := &record.Steps[i]
		broken, off := judge(s, slo)
		if broken {
			r.Violations += 1 / steps
		}
		if broken || s.P95 > slo.Latency.D().Seconds() {
			r.ViolationsP95 += 1 / steps
		}
		r.CAE += off
	}
	r.Course = course(record.Steps, slo, int(courseInterval/c.Step))
	r.CoreHours = record.CoreHours
	r.Actions = record.Actions
	if events := Events(c); len(events) > 0 {
		r.RecoverySeconds = average(events, func(i int) float64 { return recovery(c, record, events, i) })
		r.NeededSeconds = average(events, func(i int) float64 { return needed(c, record, future, events, i) })
	}
	if e, ok := scaler.(loop.Estimating); ok {
		r.MeanAbsoluteError = meanAbsoluteError(c, e.Estimates(), future)
	}
}

// courseInterval is how often a learner looks.
const courseInterval = 20 * time.Minute

// course returns the share of the steps that break the SLO among each so many.
func course(steps []loop.Step, slo app.SLO, each int) []float64 {
	var shares []float64
	for part := range slices.Chunk(steps, max(1, each)) {
		violations := 0.0
		for i := range part {
			if broken, _ := judge(&part[i], slo); broken {
				violations++
			}
		}
		shares = append(shares, violations/float64(len(part)))
	}
	return shares
}

// judge reports whether a step breaks the SLO, in the mean of its responses or by
// failures, and how far its mean is off the SLO in seconds.
func judge(s *loop.Step, slo app.SLO) (broken bool, off float64) {
	bound := slo.Latency.D().Seconds()
	failed := float64(s.Failures) > slo.ErrorBudget()*float64(s.Requests)
	if !math.IsNaN(s.Mean) {
		off = math.Abs(s.Mean - bound)
	}
	return failed || s.Mean > bound, off
}

func meanAbsoluteError(c *loop.Config, estimates []loop.Estimate, future *need.Future) *float64 {
	sum, n := 0.0, 0
	for _, e := range estimates {
		if e.For <= c.Warmup || e.For > c.Warmup+c.Duration {
			continue
		}
		for i, truth := range future.At(e.For, need.Usual, false) {
			if !math.IsNaN(e.Replicas[i]) {
				sum += math.Abs(e.Replicas[i] - truth)
				n++
			}
		}
	}
	if n == 0 {
		return nil
	}
	mean := sum / float64(n)
	return &mean
}

// Events returns when the load rises by half or more within half a minute, or its mix
// changes: times since the start of the warm-up.
func Events(c *loop.Config) []time.Duration {
	const (
		within = 30
		apart  = 120
		least  = 1.5
	)
	var events []time.Duration
	add := func(second int) {
		at := time.Duration(second) * time.Second
		if len(events) == 0 || at-events[len(events)-1] >= apart*time.Second {
			events = append(events, at)
		}
	}
	p := c.Load.Profile
	next := 0
	for s := int(c.Warmup.Seconds()); s+within < int((c.Warmup + c.Duration).Seconds()); s++ {
		for next < len(c.Load.Changes) && c.Load.Changes[next].At <= float64(s) {
			// Mixes that fade into each other, or follow from sessions, change all the time.
			if next == 0 || c.Load.Changes[next].At-c.Load.Changes[next-1].At >= apart {
				add(s)
			}
			next++
		}
		if p[s+within] >= least*p[s] {
			// The onset is where it begins to rise.
			onset := s
			for onset < s+within && p[onset+1] <= p[s]*1.05 {
				onset++
			}
			add(onset)
		}
	}
	return events
}

func average(events []time.Duration, of func(i int) float64) *float64 {
	sum := 0.0
	for i := range events {
		sum += of(i)
	}
	mean := sum / float64(len(events))
	return &mean
}

// until is the time after an event at which the next one, or the end, is.
func until(c *loop.Config, events []time.Duration, i int) time.Duration {
	if i+1 < len(events) {
		return events[i+1]
	}
	return c.Warmup + c.Duration
}

// recovery returns the seconds from an event until the SLO holds for a minute.
func recovery(c *loop.Config, record *loop.Record, events []time.Duration, i int) float64 {
	const calm = 12 // bins
	slo := c.Application.SLO
	first := int((events[i] - c.Warmup) / loop.Bins(1))
	last := min(len(record.Bins), int((until(c, events, i)-c.Warmup)/loop.Bins(1)))
	broken := first
	for b := first; b < last && b < broken+calm; b++ {
		bin := &record.Bins[b]
		if float64(bin.Failures) > slo.ErrorBudget()*float64(bin.Requests) || bin.Mean > slo.Latency.D().Seconds() {
			broken = b + 1
		}
	}
	return float64(broken-first) * loop.Bins(1).Seconds()
}

// needed returns the seconds from an event until the ready replicas are enough for the
// load that then is.
func needed(c *loop.Config, record *loop.Record, future *need.Future, events []time.Duration, i int) float64 {
	first := int((events[i] - c.Warmup) / loop.Bins(1))
	last := min(len(record.Bins), int((until(c, events, i)-c.Warmup)/loop.Bins(1)))
	for b := first; b < last; b++ {
		at := c.Warmup + loop.Bins(b+1)
		enough := true
		for s, n := range future.At(at, 0, true) {
			enough = enough && float64(record.Bins[b].Ready[s]) >= n
		}
		// The rise takes a while to show in the need itself.
		if enough && at-events[i] > loop.Bins(2) {
			return (at - events[i]).Seconds()
		}
	}
	return float64(last-first) * loop.Bins(1).Seconds()
}
