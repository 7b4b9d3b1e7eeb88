package demand

import "math"

const (
	// The demand of a step is the median of up to recent steps, at most
	// recentFor steps back, and at least recentLeast of them.
	recent, recentFor, recentLeast = 5, 20, 3

	// flat is the growth of answered requests that still counts as constant,
	// and the excess of arrivals that hides nothing.
	flat = 1.1
)

// Need is the need of a service at one step.
type Need struct {
	// Replicas is a fraction of 0 or more; NaN if unknown.
	Replicas float64
	// AtLeast marks a lower bound, because saturation hid a part of the demand:
	// the sample is censored.
	AtLeast bool
}

// Needs returns the need of service i at every step. Except through the fit on
// the training steps, it does not depend on later steps.
func (h *Hindsight) Needs(i int) []Need {
	n := &needs{log: h.logs[i], fitted: h.Fitted[i], sizing: h.Fitted[i].Sizing()}
	out := make([]Need, len(n.log.CPU))
	n.demands = make([]stepDemand, 0, len(out))
	for t := range out {
		out[t] = n.at(t)
	}
	return out
}

// needs goes through the steps of one service in order, and derives the demand
// from past steps only.
type needs struct {
	log    *history
	fitted Requirement
	sizing Sizing
	// demands are those of the steady steps so far, with the steps.
	demands []stepDemand
}

type stepDemand struct {
	step  int
	value float64
}

func (n *needs) at(t int) Need {
	l := n.log
	q, u, r := l.Requests[t], l.CPU[t], l.Replicas[t]
	if math.IsNaN(q) || math.IsNaN(u) || math.IsNaN(n.fitted.PerRequest) {
		return Need{Replicas: math.NaN()}
	}
	busy, stuck := Saturated(u), n.stuck(t)
	if !stuck && q > 0 && r > 0 && l.steady(t) {
		n.demands = append(n.demands, stepDemand{t, max(0, u-n.fitted.Idle) * r / q})
	}
	if busy || l.waiting[t] {
		q *= l.arrivals(t)
	}
	out := Need{Replicas: n.sizing.Need(q * n.demand(t)), AtLeast: busy || stuck || l.held[t]}
	switch {
	case busy || stuck && u >= unproven:
		out.Replicas = max(out.Replicas, r+1) // NaN if r, and so everything, is unknown
	case stuck:
		out.Replicas = max(out.Replicas, r)
	}
	if math.IsNaN(out.Replicas) {
		out.AtLeast = false
	}
	return out
}

// stuck reports that no more requests were answered than before, while
// utilisation cannot explain the latency.
func (n *needs) stuck(t int) bool {
	l := n.log
	return !l.waiting[t] && !n.fitted.Explains(l.own[t]) && (t == 0 || !(l.Requests[t] > flat*l.Requests[t-1]))
}

// demand returns the median of the recent steps, or that of the training part
// if there are too few.
func (n *needs) demand(t int) float64 {
	var buffer [recent]float64
	values := buffer[:0]
	for _, d := range n.demands[max(0, len(n.demands)-recent):] {
		if t-d.step <= recentFor {
			values = append(values, d.value)
		}
	}
	if len(values) < recentLeast {
		return n.fitted.PerRequest
	}
	return Quantile(values, 0.5)
}
