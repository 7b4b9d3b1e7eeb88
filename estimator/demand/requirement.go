package demand

import (
	"math"

	"github.com/deepscaler/deepscaler/estimator"
)

// Requirement is the fit of one service in hindsight.
type Requirement struct {
	Law
	Curve
	// Share is the allowed latency of the service, in seconds; NaN if unknown.
	Share float64
	// Utilisation is the CPU utilisation at that latency, within bounds.
	// Replicas are counted for it.
	Utilisation float64
	// Highest is the highest utilisation seen, apart from one step in a
	// hundred.
	Highest float64
	// Samples is the number of steps behind the law and the curve.
	Samples int
}

const (
	// unproven is the utilisation to plan for without observations at it.
	unproven = 0.7
	// fewSamples is the number of good steps from which an estimate ignores the
	// others.
	fewSamples = 8
)

// Sizing returns the sizing of the service. An unknown service gets that of one
// that was never busy.
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
		Highest: Quantile(appendKnown(make([]float64, 0, train.Len()), l.CPU[train.From:train.To]), 0.99),
		Samples: len(steps),
	}
}

// steadySteps returns the steps in which utilisation, load and size belong
// together. When there are too few it takes what there is.
func (l *history) steadySteps(train estimator.Range) []int {
	all, calm, steady := make([]int, 0, train.Len()), make([]int, 0, train.Len()), make([]int, 0, train.Len())
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

// calm reports whether at step t the service was not saturated, had no backlog of a
// saturated step, and did not wait for a saturated callee.
func (l *history) calm(t int) bool { return !l.overloaded(t) && !l.waiting[t] }

// steady reports whether step t is calm and answered what arrived with the replicas
// of the step before.
func (l *history) steady(t int) bool {
	return l.calm(t) && l.Balanced(t) && t > 0 && l.Replicas[t] == l.Replicas[t-1]
}
