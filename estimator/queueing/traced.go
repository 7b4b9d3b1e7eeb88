package queueing

import "math"

// tracedRatios turns the counts of a sampled graph into visit ratios, in place.
// edges are sorted by destination and hold counts; arriving is their sum by
// destination.
//
// The unknown factor from counts to calls per second is the same for all edges
// and, for a service that is called by others alone, its requests ÷ its counts.
// Services that are also entries show a higher quotient, so the median over
// services is used, weighted by their counts. Calls that then exceed the
// requests of their destination are cut down to them: a service answers no fewer
// requests than its callers make. That also keeps a cycle from feeding itself.
func tracedRatios(stations []station, edges []edge, arriving []float64) []edge {
	mean := make([]float64, len(stations))
	var quotients []sample
	for i := range stations {
		mean[i] = meanKnown(stations[i].requests)
		if stations[i].arriving >= 0 && arriving[i] > 0 && mean[i] > 0 {
			quotients = append(quotients, sample{value: mean[i] / arriving[i], weight: arriving[i]})
		}
	}
	scale := weightedMedian(quotients)
	for from := 0; from < len(edges); {
		to, calls := from, 0.0
		for ; to < len(edges) && edges[to].destination == edges[from].destination; to++ {
			calls += scale * edges[to].ratio
		}
		cut := min(1, mean[edges[from].destination]/calls)
		for ; from < to; from++ {
			edges[from].ratio *= scale * cut / mean[edges[from].source]
		}
	}
	return edges
}

// meanKnown returns the mean of the samples that are not missing, NaN without
// any.
func meanKnown(series []float64) float64 {
	sum, n := 0.0, 0
	for _, v := range series {
		if known(v) {
			sum += v
			n++
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return sum / float64(n)
}
