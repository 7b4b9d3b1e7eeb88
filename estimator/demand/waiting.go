package demand

import (
	"slices"

	"github.com/deepscaler/deepscaler/estimator"
)

// findWaiting marks the steps in which a service may have waited for a saturated
// one that it calls, directly or not: at the step or before it. Its latency, even
// without that of its callees, then includes the wait of calls for a place, and
// says nothing about its own replicas.
func findWaiting(logs []*history, calls []estimator.Edge) {
	callers := make([][]int, len(logs))
	for _, e := range calls {
		callers[e.Destination] = append(callers[e.Destination], e.Source)
	}
	overloaded := make([][]bool, len(logs))
	for i, log := range logs {
		log.waiting, overloaded[i] = make([]bool, len(log.CPU)), make([]bool, len(log.CPU))
		for t := range log.CPU {
			overloaded[i][t] = log.overloaded(t)
		}
	}
	for i := range logs {
		reach(i, callers, overloaded[i], func(caller int) []bool { return logs[caller].waiting })
	}
}

// findHeld marks the steps in which demand is held back by a service that is
// saturated, or waits for a saturated one, while arrivals exceed its completions:
// its own demand, and that of everything it calls, directly or not, which gets the
// calls after the wait.
func findHeld(logs []*history, calls []estimator.Edge) {
	callees := make([][]int, len(logs))
	hides := make([][]bool, len(logs))
	for _, e := range calls {
		callees[e.Source] = append(callees[e.Source], e.Destination)
	}
	for i, log := range logs {
		hides[i] = make([]bool, len(log.CPU))
		for t := range hides[i] {
			hides[i][t] = (Saturated(log.CPU[t]) || log.waiting[t]) && log.arrivals(t) > flat
		}
	}
	for i, log := range logs {
		log.held = slices.Clone(hides[i])
	}
	for i := range logs {
		reach(i, callees, hides[i], func(callee int) []bool { return logs[callee].held })
	}
}

// reach marks the steps that are marked for service i for all others on any path from it,
// in their marks. Most services have none to pass on, whose paths need not be walked.
func reach(i int, next [][]int, steps []bool, marks func(int) []bool) {
	if !slices.Contains(steps, true) {
		return
	}
	for _, other := range reachable(i, next) {
		m := marks(other)
		for t, marked := range steps {
			m[t] = m[t] || marked
		}
	}
}

// reachable returns the other services on any path from service i.
func reachable(i int, next [][]int) []int {
	var out []int
	seen := make([]bool, len(next))
	seen[i] = true
	for stack := slices.Clone(next[i]); len(stack) > 0; {
		at := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if !seen[at] {
			seen[at] = true
			out = append(out, at)
			stack = append(stack, next[at]...)
		}
	}
	return out
}

// arrivals returns the ratio of arrivals to completions at step t.
func (l *history) arrivals(t int) float64 { return l.Queue(max(0, t-recentFor), t).Arrivals }

// overloaded reports saturation at step t, or a possible backlog of an earlier one.
func (l *history) overloaded(t int) bool {
	return Saturated(l.CPU[t]) || t > 0 && Saturated(l.CPU[t-1])
}
