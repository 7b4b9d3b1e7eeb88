package dataset

import (
	"math"

	"github.com/deepscaler/deepscaler/estimator"
)

const (
	// recent is how many steps the demand of a step is the median of, recentFor
	// how many steps back they may lie, and recentLeast how many there must be.
	recent, recentFor, recentLeast = 5, 20, 3

	// blowUp is how many times the latency at the edge of saturation cannot be
	// explained by the curve, and farAbove how many times the unloaded one.
	blowUp, farAbove = 2, 5
	// flat is the growth of the requests answered up to which a service answers
	// no more than before.
	flat = 1.1
	// steepest bounds the growth of latency in seconds per second, and with it
	// hidden arrivals to four times the completions.
	steepest = 0.75
)

// need says what a service needed, step by step.
type need struct {
	log    *serviceLog
	fitted Requirement
	sizing estimator.Sizing
	// edge is the latency from which the curve explains it no more; +Inf when
	// there is no curve.
	edge float64
	// demands are those of the last steady steps, with the steps they come
	// from.
	demands [recent]struct {
		value float64
		step  int
	}
	seen int
}

func newNeed(log *serviceLog, fitted Requirement) *need {
	n := &need{log: log, fitted: fitted, sizing: fitted.Sizing(), edge: math.Inf(1)}
	if !math.IsNaN(fitted.Unloaded) {
		n.edge = max(blowUp*fitted.Latency(estimator.SaturatedFrom), farAbove*fitted.Unloaded)
	}
	return n
}

// at returns the label of step t. Steps must come in order: what it knows of
// the demand it has from the steps it has seen.
func (n *need) at(t int) float64 {
	l := n.log
	q, u, r := l.requests[t], l.cpu[t], l.replicas[t]
	if math.IsNaN(q) || math.IsNaN(u) || math.IsNaN(n.fitted.Demand) {
		return math.NaN()
	}
	busy := u >= estimator.SaturatedFrom
	stuck := n.stuck(t)
	if !busy && !stuck && q > 0 && r > 0 && l.sizeKept(t) && !(l.cpu[t-1] >= estimator.SaturatedFrom) {
		n.learn(t, max(0, u-n.fitted.Idle)*r/q)
	}
	if busy {
		q *= n.arrivals(t)
	}
	label := n.sizing.Enough(q * n.demand(t))
	switch {
	case busy || stuck && u >= unproven:
		label = max(label, math.Ceil(r)+1) // NaN when r is not known: then nothing is
	case stuck:
		label = max(label, math.Ceil(r))
	}
	return label
}

// stuck reports that no more requests were answered than before while latency
// is far above what utilisation explains.
func (n *need) stuck(t int) bool {
	l := n.log
	return !l.waiting[t] && l.own[t] > n.edge && (t == 0 || !(l.requests[t] > flat*l.requests[t-1]))
}

// arrivals returns the ratio of arrivals to completions of a saturated service,
// X = λ·(1 − dL/dt).
func (n *need) arrivals(t int) float64 {
	if t == 0 {
		return 1
	}
	rise := (n.log.own[t] - n.log.own[t-1]) / n.log.step
	if !(rise > 0) { // NaN counts as none
		return 1
	}
	return 1 / (1 - min(rise, steepest))
}

func (n *need) learn(t int, demand float64) {
	d := &n.demands[n.seen%recent]
	d.value, d.step = demand, t
	n.seen++
}

// demand returns the median of the recent steps, or that of the training part
// when there are too few.
func (n *need) demand(t int) float64 {
	var values [recent]float64
	count := 0
	for _, d := range n.demands[:min(n.seen, recent)] {
		if t-d.step <= recentFor {
			values[count] = d.value
			count++
		}
	}
	if count < recentLeast {
		return n.fitted.Demand
	}
	return quantile(values[:count], 0.5)
}
