package demand

import (
	"math"
	"slices"

	"github.com/deepscaler/deepscaler/estimator"
)

// findWaiting notes in which steps a service may have waited for a saturated one
// that it calls, directly or not: at the step or before it. Its latency, even
// without that of its callees, then tells of the places that calls held while they
// waited, and nothing of its own replicas.
func findWaiting(logs []*history, callees [][]estimator.Edge) {
	for i, log := range logs {
		log.waiting = make([]bool, len(log.CPU))
		seen := make([]bool, len(logs))
		seen[i] = true
		for next := slices.Clone(callees[i]); len(next) > 0; {
			callee := next[len(next)-1].Destination
			next = next[:len(next)-1]
			if seen[callee] {
				continue
			}
			seen[callee] = true
			next = append(next, callees[callee]...)
			for t := range log.waiting {
				log.waiting[t] = log.waiting[t] || logs[callee].overloaded(t)
			}
		}
	}
}

// overloaded reports saturation at step t, or of what may not be worked off yet.
func (l *history) overloaded(t int) bool {
	return Saturated(l.CPU[t]) || t > 0 && Saturated(l.CPU[t-1])
}

// calmMedian returns the median of the known values in the range at which
// neither the service nor one that it calls was saturated. Where these are too few
// it is that of all: a median over saturated steps is the latency of queues,
// which is no measure of what a service contributes.
func (l *history) calmMedian(values []float64, r estimator.Range) float64 {
	var calm []float64
	for t := r.From; t < r.To; t++ {
		if l.calm(t) && !math.IsNaN(values[t]) {
			calm = append(calm, values[t])
		}
	}
	if len(calm) < fewSamples {
		return median(values, r)
	}
	return Quantile(calm, 0.5)
}
