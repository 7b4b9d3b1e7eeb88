package simulation

import (
	"fmt"
	"math"

	"github.com/deepscaler/deepscaler/test/testbed/app"
)

// Visit is the start of a journey of a user.
type Visit struct {
	// At is when, in seconds since the start.
	At float64
	// Journey is the index of the journey.
	Journey int
	// User is the number of the user, for loads that distinguish users.
	User int
}

// Load generates visits of users. Package load has implementations.
type Load interface {
	// Next returns the next visit without taking it; false if there is none before
	// a running visit ends.
	Next() (Visit, bool)
	// Take takes the visit that Next returned.
	Take()
	// Done records the end of a visit, and reports whether Next may now return
	// another one.
	Done(now float64, visit Visit) bool
}

// user is a running visit, and its abandoned work after timeouts.
type user struct {
	visit  Visit
	random stream
	frames int32
	traced bool
	number uint64
}

// SetLoad replaces the load from now on; running visits continue. Call it again
// with the same load after changing it.
func (e *Engine) SetLoad(l Load) {
	e.load = l
	e.awaitArrival()
}

// awaitArrival schedules the next arrival, replacing the scheduled one.
func (e *Engine) awaitArrival() {
	e.awaited++
	if v, some := e.load.Next(); some {
		e.agenda.push(max(v.At, e.now), arrival, 0, e.awaited)
	}
}

func (e *Engine) arrive() {
	if v, some := e.load.Next(); some {
		e.load.Take()
		e.begin(v)
	}
	e.awaitArrival()
}

func (e *Engine) begin(v Visit) {
	var slot int32
	if n := len(e.idle); n > 0 {
		slot = e.idle[n-1]
		e.idle = e.idle[:n-1]
	} else {
		slot = int32(len(e.users))
		e.users = append(e.users, user{})
	}
	e.begun++
	u := user{visit: v, random: newStream(e.seed, firstUser+e.begun), number: e.begun}
	u.traced = e.trace != nil && u.random.uniform() < e.sampling
	e.users[slot] = u
	id, f := e.frames.get()
	e.join(f, slot)
	f.ops = e.journeys[v.Journey]
	e.run(id)
}

func (e *Engine) journeyDone(slot int32) {
	if e.load.Done(e.now, e.users[slot].visit) {
		e.awaitArrival()
	}
}

// join and leave count the frames of a user, whose random stream must last as long
// as the last of them.
func (e *Engine) join(f *frame, slot int32) {
	f.user = slot
	e.users[slot].frames++
}

func (e *Engine) leave(id int32) {
	slot := e.frames.all[id].user
	e.frames.put(id)
	e.users[slot].frames--
	if e.users[slot].frames == 0 {
		e.idle = append(e.idle, slot)
	}
}

func (e *Engine) compileJourney(j *app.Journey) []op {
	ops := make([]op, len(j.Steps))
	for i, s := range j.Steps {
		endpoint := e.index[[2]string{s.Service, s.Endpoint}]
		ops[i] = op{code: callOut, endpoint: endpoint, times: s.Times.Or(1), probability: 1}
	}
	return ops
}

// Responses are the responses to users since the last take.
type Responses struct {
	// Count of requests that ended, Failures of them badly.
	Count, Failures uint64
	// Seconds holds the time of every successful one, in order of their end.
	Seconds []float64
}

func (e *Engine) responded(seconds float64, code int) {
	e.responses.Count++
	if code != ok {
		e.responses.Failures++
		return
	}
	e.responses.Seconds = append(e.responses.Seconds, seconds)
}

// TakeResponses returns the responses to users since the last call.
func (e *Engine) TakeResponses() Responses {
	r := e.responses
	e.responses = Responses{Seconds: make([]float64, 0, len(r.Seconds))}
	return r
}

// Mean returns the mean time of the successful requests in seconds, NaN when there
// are none.
func (r Responses) Mean() float64 {
	if len(r.Seconds) == 0 {
		return math.NaN()
	}
	sum := 0.0
	for _, s := range r.Seconds {
		sum += s
	}
	return sum / float64(len(r.Seconds))
}

// Statistic returns the statistic of the SLO, in seconds.
func (r Responses) Statistic(s app.Statistic) (float64, error) {
	switch s {
	case app.Mean:
		return r.Mean(), nil
	case app.P50:
		return r.quantile(0.5), nil
	case app.P95:
		return r.quantile(0.95), nil
	case app.P99:
		return r.quantile(0.99), nil
	}
	return 0, fmt.Errorf("there is no statistic %q", s)
}

// Violates reports whether the responses violate an objective. Without requests
// there is no violation.
func (r Responses) Violates(slo app.SLO) bool {
	if r.Count == 0 {
		return false
	}
	if float64(r.Failures) > slo.ErrorBudget()*float64(r.Count) {
		return true
	}
	v, err := r.Statistic(slo.Statistic)
	return err == nil && v > slo.Latency.D().Seconds()
}
