package workload

import (
	"fmt"
	"math"
	"slices"

	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/load"
)

// follow makes the load of users who arrive as in the profile and then go through a
// session, each visit after the pause of the one before. Later requests echo the arrivals
// of minutes ago.
//
// With Poisson arrivals, the visits to each state follow from their forward equations:
// v_s = λ·start_s + Σ_r n_r/think_r·next_rs and dn_s/dt = v_s(t − wait_s) − n_s/think_s, with λ
// new sessions per second and n_s users who have waited after state s and pause. The profile counts requests per second of the sessions that begin, all
// that follow included; or users who are present, if users is true.
func (l *Load) follow(a *app.Application, name string, p load.Profile, from int, users bool) error {
	session, err := a.Users.Session(name)
	if err != nil {
		return err
	}
	w, err := newWalk(a, session)
	if err != nil {
		return err
	}
	per := w.requests
	if users {
		per = w.seconds
	}
	if !(per > 0) {
		return fmt.Errorf("session %s has no requests or takes no time", name)
	}
	w.settle(p[0] / per)
	weights := make([]float64, len(a.Users.Journeys))
	for second, v := range p {
		requests := w.second(v / per)
		if second < from {
			continue
		}
		l.Profile = append(l.Profile, requests)
		clear(weights)
		for s, rate := range w.visits {
			weights[w.journey[s]] += rate
		}
		if requests > 0 && ((second-from)%grain == 0 || apart(normalised(weights), l.Changes)) {
			l.Changes = append(l.Changes, load.Change{At: float64(second - from), Weights: normalised(slices.Clone(weights))})
		}
	}
	if len(l.Changes) == 0 {
		l.Weights, err = a.Users.SessionMix(session)
		l.Weights = normalised(l.Weights)
		return err
	}
	l.Weights, l.Changes = l.Changes[0].Weights, l.Changes[1:]
	return nil
}

// apart reports whether weights differ so much from those of the last change that they
// cannot wait for the next: else new users would do for a while what others came for.
func apart(weights []float64, changes []load.Change) bool {
	const most = 0.01
	if len(changes) == 0 {
		return true
	}
	for i, v := range changes[len(changes)-1].Weights {
		if math.Abs(weights[i]-v) > most {
			return true
		}
	}
	return false
}

// walk is users on their way through a session.
type walk struct {
	start   []float64
	next    [][]float64
	think   []float64
	journey []int
	steps   []float64 // requests, by state
	// requests and seconds of a whole session.
	requests, seconds float64

	waiting [][]float64 // visits of each of the last seconds, by state; empty without a wait
	pausing []float64   // users, by the state they were in
	visits  []float64   // per second, by state
}

func newWalk(a *app.Application, s *app.Session) (*walk, error) {
	if _, err := a.Users.SessionMix(s); err != nil {
		return nil, err
	}
	start, next := s.Chain()
	w := &walk{start: start, next: next, pausing: make([]float64, len(start)), visits: make([]float64, len(start))}
	for _, state := range s.States {
		j := a.Users.Journey(state.Journey)
		requests := 0.0
		for _, step := range a.Users.Journeys[j].Steps {
			requests += step.Times.Or(1)
		}
		w.journey = append(w.journey, j)
		w.steps = append(w.steps, requests)
		w.think = append(w.think, max(1, state.Think.D().Seconds()))
		w.waiting = append(w.waiting, make([]float64, int(state.Wait.D().Seconds())))
	}
	w.settle(1)
	for i, v := range w.visits {
		w.requests += v * w.steps[i]
		w.seconds += v * (w.think[i] + float64(len(w.waiting[i])))
	}
	return w, nil
}

// settle puts the users where they are when sessions have long begun at a rate.
func (w *walk) settle(rate float64) {
	now := make([]float64, len(w.start))
	copy(now, w.start)
	clear(w.visits)
	// The share of sessions that still run shrinks every round; app checks that it does.
	for left := 1.0; left > 1e-12; {
		then := make([]float64, len(now))
		left = 0
		for s, share := range now {
			w.visits[s] += rate * share
			left += share
			for to, p := range w.next[s] {
				then[to] += share * p
			}
		}
		now = then
	}
	for s := range w.pausing {
		w.pausing[s] = w.visits[s] * w.think[s]
		for i := range w.waiting[s] {
			w.waiting[s][i] = w.visits[s]
		}
	}
}

// second lets a second pass in which sessions begin at a rate and returns its requests.
func (w *walk) second(rate float64) float64 {
	for s := range w.visits {
		w.visits[s] = rate * w.start[s]
	}
	for r, n := range w.pausing {
		leave := n / w.think[r]
		for s, p := range w.next[r] {
			w.visits[s] += leave * p
		}
	}
	requests := 0.0
	for s := range w.pausing {
		w.pausing[s] += w.waited(s) - w.pausing[s]/w.think[s]
		requests += w.visits[s] * w.steps[s]
	}
	return requests
}

// waited takes note of the visits to a state and returns those of a wait ago.
func (w *walk) waited(state int) float64 {
	q := w.waiting[state]
	if len(q) == 0 {
		return w.visits[state]
	}
	before := q[0]
	copy(q, q[1:])
	q[len(q)-1] = w.visits[state]
	return before
}
