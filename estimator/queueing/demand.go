package queueing

import (
	"cmp"
	"math"
	"slices"
)

// demand is the CPU a service needs, by the utilisation law (Denning & Buzen
// 1978): utilisation per replica = idle + perRequest · requests per replica.
type demand struct {
	// perRequest is in replica-seconds per request; 0 for a service that
	// answered none.
	perRequest float64
	// idle is the utilisation of a replica without requests.
	idle float64
	// base is the number of replicas kept busy by a service that answered no
	// request in the whole window, and so by something else.
	base float64
	// unbalanced tells that perRequest comes from steps in which arrivals and
	// completions differed, so that CPU and requests may not belong together.
	unbalanced bool
}

// demandMemory is the number of steps after which a sample counts half: CPU per
// request changes with the mix of requests and with every release.
const demandMemory = 4

// maxWeight bounds the weight of a step in multiples of that of the median
// load. More requests tell more, but in the first step of a burst the CPU rate
// may not have followed yet, and then one step must not make all requests look
// cheap.
const maxWeight = 2

// loadNoise is the relative error of a step's request rate: requests are
// counted over a step that is not quite the one CPU is measured over. Variation
// of that size is no variation of the load, and a line fitted through it is too
// flat.
const loadNoise = 0.05

// minFit is how many samples a regression needs for its standard error to mean
// anything.
const minFit = 6

// maxIdle bounds the idle share of a replica to half the lowest utilisation
// that is usually planned for; what keeps it busier than that counts as work.
const maxIdle = 0.25

// fitDemand estimates the demand from a station whose size is known.
//
// CPU divided by requests alone would count the idle share as work, so that a
// service at low load seemed to need more per request than it does. The idle
// share is therefore taken out first, but only as far as the window proves it:
// the lower end of the regression's confidence interval (two standard errors),
// times the share of the variation that is not noise (the reliability ratio of
// a regression with errors in its variable). Where the load varied it is close
// to the truth; where it did not, it is zero and what is left is the plain
// ratio, under which replicas follow utilisation ÷ target like those of a
// Resource metric. The median keeps one outlier, such as the CPU of a starting
// pod, out of it. Both estimates agree on the replicas at which utilisation
// meets its target. They differ only on the way there, and the ratio errs
// towards more replicas.
//
// The law assumes flow balance. A service that waits for a saturated callee
// works on more requests than it answers, and on fewer once the wait is over.
// Steps of either kind are used only when there are no others.
func fitDemand(s *station) demand {
	var d demand
	steps := s.workingSteps(true)
	if len(steps) < minSamples {
		all := s.workingSteps(false)
		d.unbalanced = len(all) > len(steps)
		steps = all
	}
	d.idle = s.idleShare(steps)
	loads := make([]float64, 0, len(steps))
	for _, t := range steps {
		if s.requests[t] > 0 {
			loads = append(loads, s.requests[t])
		}
	}
	heaviest := maxWeight * quantile(loads, 0.5)
	var ratios []sample
	for _, t := range steps {
		if s.requests[t] > 0 {
			age := float64(s.sized - t)
			ratios = append(ratios, sample{
				value:  (s.cpu[t] - d.idle) * s.replicas[t] / s.requests[t],
				weight: min(s.requests[t], heaviest) * math.Exp2(-age/demandMemory),
			})
		}
	}
	if len(ratios) == 0 {
		d = demand{}
		if len(steps) > 0 {
			last := steps[len(steps)-1]
			d.base = s.cpu[last] * s.replicas[last]
		}
		return d
	}
	d.perRequest = weightedMedian(ratios)
	return d
}

// idleShare returns what the steps prove of the utilisation of a replica
// without requests. It is the lesser of two fits, one without the step of the
// highest load and one without that of the lowest: one odd step far from all
// others must not decide.
func (s *station) idleShare(steps []int) float64 {
	if len(steps) <= minFit {
		return 0
	}
	steps = slices.Clone(steps)
	load := func(t int) float64 { return s.requests[t] / s.replicas[t] }
	slices.SortStableFunc(steps, func(a, b int) int { return cmp.Compare(load(a), load(b)) })
	idle := maxIdle
	for _, part := range [][]int{steps[1:], steps[:len(steps)-1]} {
		var line regression
		for _, t := range part {
			line.add(load(t), s.cpu[t])
			idle = min(idle, s.cpu[t])
		}
		if line.slope() <= 0 {
			return 0
		}
		value, stderr := line.intercept()
		noise := loadNoise * line.meanU
		reliability := max(0, 1-line.n*noise*noise/line.uu)
		idle = max(0, min(idle, reliability*(value-2*stderr)))
	}
	return idle
}

// imbalance is the share of a step's completions by which the requests in
// flight may change while flow counts as balanced.
const imbalance = 0.1

// workingSteps returns the steps in which the service ran and its size and load
// are known, all of them or those with balanced flow. By Little's law the
// requests in flight are rate times latency; without latency they are taken to
// be constant.
func (s *station) workingSteps(balanced bool) []int {
	steps := make([]int, 0, len(s.requests))
	inFlight := func(t int) float64 { return s.requests[t] * s.latency[t] }
	for t, x := range s.requests {
		other := t - 1
		if t == 0 {
			other = min(1, len(s.requests)-1)
		}
		flows := !(math.Abs(inFlight(t)-inFlight(other)) > imbalance*x*s.step)
		if s.complete(t) && s.replicas[t] > 0 && (flows || !balanced) {
			steps = append(steps, t)
		}
	}
	return steps
}

// replicas returns the fractional replicas that serve the given request rate at
// the target utilisation with at least headroom standard deviations to spare.
func (d demand) replicas(rate, target, headroom float64) float64 {
	if d.perRequest == 0 {
		return d.base / target
	}
	idle := min(d.idle, target/2)
	offered := rate * d.perRequest
	n := offered / (target - idle)
	if a := offered / (1 - idle); a+headroom*math.Sqrt(a) > n {
		n = a + headroom*math.Sqrt(a)
	}
	return n
}
