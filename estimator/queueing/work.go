package queueing

import (
	"math"
	"slices"
	"time"

	"github.com/deepscaler/deepscaler/estimator/demand"
)

// work is the CPU need of a service.
type work struct {
	// Law has a PerRequest of 0 for a service that answered no request.
	demand.Law
	// base is the number of busy replicas of a service that answered no request
	// in the whole window.
	base float64
	// unbalanced is true if the law comes from steps in which arrivals and
	// completions differed, so that CPU and requests may not belong together.
	unbalanced bool
}

// workMemory is the number of steps after which a sample counts half: CPU per
// request changes with the mix of requests and with every release.
const workMemory = 4

// enough is how many steps most windows have at most. So many need no allocation.
const enough = 64

// fitWork estimates the work of a station of known size. It uses steps with
// unbalanced flow only without others.
func fitWork(s *station) work {
	var flow, every [enough]int
	steps := slices.DeleteFunc(s.workingSteps(flow[:0], true), func(t int) bool { return demand.Saturated(s.CPU[t]) })
	unbalanced := false
	if len(steps) < minSamples {
		all := s.workingSteps(every[:0], false)
		unbalanced = len(all) > len(steps)
		steps = all
	}
	law := s.FitLaw(steps, workMemory)
	if known(law.PerRequest) {
		return work{Law: law, unbalanced: unbalanced}
	}
	if len(steps) == 0 {
		return work{}
	}
	last := steps[len(steps)-1]
	return work{base: s.CPU[last] * s.Replicas[last]}
}

// workingSteps appends the steps in which the service ran and its size and load
// are known, all of them or those with balanced flow.
func (s *station) workingSteps(steps []int, balanced bool) []int {
	for t := range s.Requests {
		if s.complete(t) && s.Replicas[t] > 0 && (!balanced || s.Balanced(t)) {
			steps = append(steps, t)
		}
	}
	return steps
}

// moved returns how much of the headroom a load is worth, from 0 to 1: none if it did not move
// within the window, up or down, and all from a quarter of what [demand.Movement] takes for
// a jump, since a small service is served by few replicas. What fell may rise again.
func moved(rates []float64, ahead int, step time.Duration) float64 {
	var memory [enough]float64
	back := append(memory[:0], rates...)
	slices.Reverse(back)
	return min(1, 4*max(demand.Movement(rates, ahead, step), demand.Movement(back, ahead, step)))
}

// replicas returns the fractional replicas that serve the given request rate at
// the target utilisation with at least headroom standard deviations to spare.
func (w work) replicas(rate, target, headroom float64) float64 {
	if w.PerRequest == 0 {
		return w.base / target
	}
	offered := rate * w.PerRequest
	a := offered / (1 - w.Idle)
	return max(demand.Sizing{Idle: w.Idle, Utilisation: target}.Need(offered), a+headroom*math.Sqrt(a))
}
