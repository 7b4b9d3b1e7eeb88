package demand

import (
	"math"

	"github.com/deepscaler/deepscaler/estimator"
)

// Requirement is what hindsight learnt about one service.
type Requirement struct {
	Law
	Curve
	// Share is the latency the service may have, in seconds; NaN when unknown.
	Share float64
	// Utilisation is the CPU utilisation at which it has that latency, within
	// bounds: what its replicas are counted for.
	Utilisation float64
	// Highest is the highest utilisation seen, apart from one step in a
	// hundred.
	Highest float64
	// Samples is the number of steps that the law and the curve rest on.
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

// Sizing returns how many replicas the service needs by what was learnt. One about
// which nothing is known is planned for as one that has never been seen busy.
func (r Requirement) Sizing() Sizing {
	s := Sizing{Idle: r.Idle, Utilisation: r.Utilisation}
	if math.IsNaN(s.Utilisation) {
		s.Utilisation = unproven
	}
	return s
}

func fitRequirement(l *history, train estimator.Range) Requirement {
	steps := l.steadySteps(train)
	return Requirement{
		Law:     l.FitLaw(steps, math.Inf(1)),
		Curve:   l.FitCurve(l.own, steps),
		Highest: Quantile(appendKnown(nil, l.CPU[train.From:train.To]), 0.99),
		Samples: len(steps),
	}
}

// steadySteps returns the steps in which utilisation, load and size belong
// together. When there are too few it takes what there is.
func (l *history) steadySteps(train estimator.Range) []int {
	var all, calm, steady []int
	for t := train.From; t < train.To; t++ {
		if !(l.Requests[t] > 0 && l.Replicas[t] > 0 && l.CPU[t] > 0) { // false for NaN
			continue
		}
		all = append(all, t)
		if l.calm(t) {
			calm = append(calm, t)
		}
		if l.steady(t) {
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

// calm reports whether the service was neither saturated at step t, nor working off
// what a saturated step left behind, nor waiting for a callee that was.
func (l *history) calm(t int) bool { return !l.overloaded(t) && !l.waiting[t] }

// steady reports whether step t is calm and answered what arrived with the replicas
// of the step before.
func (l *history) steady(t int) bool {
	return l.calm(t) && l.Balanced(t) && t > 0 && l.Replicas[t] == l.Replicas[t-1]
}

// target returns the highest utilisation at which the share is kept: at least
// leastTarget, and not far beyond what the service was ever seen at.
func (r Requirement) target() float64 {
	if math.IsNaN(r.Share) {
		return unproven
	}
	return max(leastTarget, min(SaturatedFrom, max(unproven, r.Highest), r.Curve.Utilisation(r.Share/r.Unloaded)))
}
