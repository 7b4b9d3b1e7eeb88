package demand

import (
	"math"
	"slices"
)

// Law is the utilisation law of a service (Denning & Buzen 1978): its utilisation is
// Idle + PerRequest · requests per replica.
type Law struct {
	// PerRequest is the time for which one request keeps one replica at its CPU
	// limit, in seconds; NaN if unknown.
	PerRequest float64
	// Idle is the utilisation of a replica without requests.
	Idle float64
}

const (
	// maxWeight bounds the weight of a step in multiples of that of the median
	// load. More requests carry more information, but in the first step of a burst
	// the CPU rate may lag, and one step must not make all requests look cheap.
	maxWeight = 2
	// loadNoise is the relative error of a step's request rate: requests and CPU
	// are measured over slightly different times. Variation of that size is noise
	// and not load, and a line fitted through it is too flat.
	loadNoise = 0.05
	// minFit is the number of samples that a regression needs for a meaningful
	// standard error.
	minFit = 6
	// maxIdle bounds the idle share of a replica to nine tenths of the lowest
	// utilisation that is usually planned for; what keeps it busier than that counts
	// as work. A tighter bound makes the replicas of a service that idles at a third
	// of its limit look like work that grows with the load, and multiply.
	maxIdle = 0.45
	// imbalance is the share of a step's completions by which the requests in
	// flight may change while flow counts as balanced.
	imbalance = 0.1
)

// FitLaw fits the law to the given steps, at which replicas, CPU and requests are
// known. memory is the number of steps after which a sample counts half, +Inf for
// as much as any.
//
// CPU divided by requests alone would count the idle share as work, so that a
// service at low load seemed to need more per request than it does. The idle
// share is therefore subtracted first, but only as far as the data prove it:
// the lower end of the regression's confidence interval (two standard errors),
// times the share of the variation that is not noise (the reliability ratio of
// a regression with errors in its variable). Where the load varied it is close
// to the truth; where it did not, it is zero and what is left is the plain
// ratio, under which replicas follow utilisation ÷ target like those of a
// Resource metric. The median keeps outliers, such as the CPU of a starting
// pod, out of it. Both estimates agree on the replicas at which utilisation
// meets its target. They differ only on the way there, and the ratio errs
// towards more replicas.
func (s *Service) FitLaw(steps []int, memory float64) Law {
	law := Law{Idle: s.idleShare(steps)}
	var weighted [onStack]Weighted
	var rates [onStack]float64
	ratios, loads := room(weighted[:], len(steps)), room(rates[:], len(steps))
	least, most := math.Inf(1), 0.0
	weight, forgets := 1.0, math.Exp2(-1/memory)
	for i, t := range slices.Backward(steps) {
		if i+1 < len(steps) {
			for range steps[i+1] - t {
				weight *= forgets
			}
		}
		if q := s.Requests[t]; q > 0 {
			ratios = append(ratios, Weighted{(s.CPU[t] - law.Idle) * s.Replicas[t] / q, weight})
			loads = append(loads, q)
			least, most = min(least, q), max(most, q)
		}
	}
	bound := maxWeight * least
	if most > bound { // else no load exceeds that multiple of the median either
		var sorted [onStack]float64
		bound = maxWeight * Quantile(append(room(sorted[:], len(loads)), loads...), 0.5)
	}
	for i := range ratios {
		ratios[i].Weight *= min(loads[i], bound)
	}
	law.PerRequest = WeightedMedian(ratios)
	return law
}

// idleShare returns the proven part of the utilisation of a replica without
// requests. It is the smaller of two fits, one without the step of the highest
// load and one without that of the lowest, so that a single outlier cannot
// decide.
func (s *Service) idleShare(steps []int) float64 {
	if len(steps) <= minFit {
		return 0
	}
	var perReplica, used [onStack]float64
	load, cpu := room(perReplica[:], len(steps)), room(used[:], len(steps))
	lowest, highest := 0, 0
	for i, t := range steps {
		load, cpu = append(load, s.Requests[t]/s.Replicas[t]), append(cpu, s.CPU[t])
		if load[i] < load[lowest] {
			lowest = i
		}
		if load[i] >= load[highest] {
			highest = i
		}
	}
	idle := maxIdle
	last := len(load) - 1
	for _, outlier := range []int{lowest, highest} {
		swap := func(x []float64) { x[outlier], x[last] = x[last], x[outlier] }
		swap(load)
		swap(cpu)
		for _, u := range cpu[:last] {
			if u < idle {
				idle = u
			}
		}
		line := FitLine(load[:last], cpu[:last])
		if line.Slope() <= 0 {
			return 0
		}
		value, stderr := line.intercept()
		noise := loadNoise * line.meanU
		reliability := max(0, 1-line.n*noise*noise/line.uu)
		idle = max(0, min(idle, reliability*(value-2*stderr)))
		if idle == 0 {
			return 0
		}
		swap(load)
		swap(cpu)
	}
	return idle
}

// Balanced reports whether a service answered as many requests at step t as
// arrived, up to a tenth. Otherwise CPU and requests do not belong together: a
// service that waits for a saturated callee works on more requests than it
// answers, and on fewer once the wait is over. By Little's law the requests in
// flight are rate times latency; without latency they count as constant.
func (s *Service) Balanced(t int) bool {
	other := t - 1
	if t == 0 {
		other = min(1, len(s.Requests)-1)
	}
	inFlight := func(t int) float64 { return s.Requests[t] * s.Latency[t] }
	return !(math.Abs(inFlight(t)-inFlight(other)) > imbalance*s.Requests[t]*s.Step)
}
