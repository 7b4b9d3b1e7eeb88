package demand

import (
	"math"
)

// Requirement is what hindsight learnt about one service.
type Requirement struct {
	// Demand is the time one request keeps one replica at its CPU limit, in
	// seconds; NaN for a service about which nothing can be said.
	Demand float64
	// Idle is the utilisation of a replica without requests.
	Idle float64
	// Unloaded and Growth are L₀ in seconds and c of the latency curve L(u) =
	// L₀·(1 + c·u/(1−u)). Unloaded is NaN when no latency was recorded.
	Unloaded, Growth float64
	// Share is the latency the service may have, in seconds; NaN when unknown.
	Share float64
	// Utilisation is the CPU utilisation at which it has that latency, within
	// bounds: what its replicas are counted for.
	Utilisation float64
	// Highest is the highest utilisation seen, apart from one step in a
	// hundred.
	Highest float64
	// Samples is the number of steps that Demand and the curve rest on.
	Samples int
}

const (
	// unproven is the utilisation that is planned for although the service has
	// never been seen at it.
	unproven = 0.7
	// fewSamples is how many steps an estimate should rest on before steps of a
	// lesser kind are left out.
	fewSamples = 8
)

// Latency returns the latency at a utilisation below 1, in seconds.
func (r Requirement) Latency(utilisation float64) float64 {
	return r.Unloaded * (1 + r.Growth*utilisation/(1-utilisation))
}

// Sizing returns how many replicas the service needs by what was learnt. One about
// which nothing is known is planned for as one that has never been seen busy.
func (r Requirement) Sizing() Sizing {
	s := Sizing{Idle: r.Idle, Utilisation: r.Utilisation}
	if math.IsNaN(s.Utilisation) {
		s.Utilisation = unproven
	}
	if s.Idle >= s.Utilisation {
		s.Idle = s.Utilisation / 2 // what Need makes of it
	}
	return s
}

func fitRequirement(l *history, train Range) Requirement {
	steps := l.steady(train)
	r := Requirement{Samples: len(steps)}
	r.Demand, r.Idle = l.fitDemand(steps)
	r.Unloaded, r.Growth = l.fitCurve(steps)
	r.Highest = quantile(known(l.CPU[train.From:train.To]), 0.99)
	return r
}

// steady returns the steps in which utilisation, load and size belong together:
// not saturated, nor working off what a saturated step left behind, nor waiting
// for a callee that is, nor with pods that came or went. When there are too few it takes what there is.
func (l *history) steady(train Range) []int {
	var all, calm, steady []int
	for t := train.From; t < train.To; t++ {
		if !(l.Requests[t] > 0 && l.Replicas[t] > 0 && l.CPU[t] > 0) { // false for NaN
			continue
		}
		all = append(all, t)
		if l.overloaded(t) || l.waiting[t] {
			continue
		}
		calm = append(calm, t)
		if l.sizeKept(t) {
			steady = append(steady, t)
		}
	}
	switch {
	case len(steady) >= fewSamples:
		return steady
	case len(calm) >= fewSamples:
		return calm
	}
	return all
}

// sizeKept reports whether the replicas at step t are those of the step before.
func (l *history) sizeKept(t int) bool { return t > 0 && l.Replicas[t] == l.Replicas[t-1] }

const (
	// maxIdle bounds the idle share of a replica; what keeps it busier counts
	// as work.
	maxIdle = 0.25
	// heaviest bounds the weight of a step in multiples of that of the median
	// load.
	heaviest = 2
)

// fitDemand returns d and idle of u = idle + d·q/r, NaN without any steps.
func (l *history) fitDemand(steps []int) (demand, idle float64) {
	loads, cpu := make([]float64, len(steps)), make([]float64, len(steps))
	for i, t := range steps {
		loads[i], cpu[i] = l.Requests[t]/l.Replicas[t], l.CPU[t]
	}
	weights := l.weights(steps)
	if len(steps) >= fewSamples {
		// Noise in the load flattens the line and so lifts its intercept; two
		// standard errors less is what the data prove.
		line := fitLine(loads, cpu, weights, nil)
		idle = max(0, min(maxIdle, line.intercept-2*line.stderr, quantile(cpu, 0)))
	}
	ratios := make([]float64, len(steps))
	for i := range ratios {
		ratios[i] = (cpu[i] - idle) / loads[i]
	}
	return weightedMedian(ratios, weights), idle
}

const (
	// minSpread is the width of the middle four fifths of u/(1−u) from which on
	// its effect on latency can be told from noise.
	minSpread = 0.1
	// leastUnloaded bounds L₀ from below, as a fraction of the median latency.
	leastUnloaded = 0.02
)

// fitCurve returns L₀ and c of the latency curve; L₀ is NaN without any
// latency.
func (l *history) fitCurve(steps []int) (unloaded, growth float64) {
	var usable []int
	var x, y, still []float64
	for _, t := range steps {
		if u := l.CPU[t]; u < SaturatedFrom && l.own[t] > 0 {
			usable = append(usable, t)
			x = append(x, u/(1-u))
			y = append(y, l.own[t])
			still = append(still, l.own[t]*(1-u))
		}
	}
	weights := l.weights(usable)
	if len(usable) < fewSamples || quantile(x, 0.9)-quantile(x, 0.1) < minSpread {
		return weightedMedian(still, weights), 1
	}
	line := fitLine(x, y, weights, relative)
	middle := weightedMedian(y, weights)
	if line.slope <= 0 {
		return middle, 0
	}
	unloaded = max(line.intercept, leastUnloaded*middle)
	return unloaded, line.slope / unloaded
}

// weights makes steps count by the requests they saw, within bounds.
func (l *history) weights(steps []int) []float64 {
	out := make([]float64, len(steps))
	for i, t := range steps {
		out[i] = l.Requests[t]
	}
	most := heaviest * quantile(out, 0.5)
	for i := range out {
		out[i] = min(out[i], most)
	}
	return out
}

// target returns the highest utilisation at which the share is kept, within the
// bounds.
func (r Requirement) target(lowest, highest float64) float64 {
	highest = max(lowest, min(highest, max(unproven, r.Highest)))
	switch {
	case math.IsNaN(r.Share):
		return max(lowest, min(highest, unproven))
	case r.Share <= r.Unloaded:
		return lowest
	case r.Growth == 0:
		return highest
	}
	x := (r.Share/r.Unloaded - 1) / r.Growth
	return max(lowest, min(highest, x/(1+x)))
}
