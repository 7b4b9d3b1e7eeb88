package queueing

import (
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
)

// tracedRatios turns the counts of a sampled graph into visit ratios, in place.
// arriving is the sum of counts by destination.
//
// The unknown factor from counts to calls per second is the same for all edges
// and, for a service that is called by others alone, its requests ÷ its counts.
// Services that are also entries show a higher quotient, so the median over
// services is used, weighted by their counts.
func tracedRatios(stations []station, edges []estimator.Edge, arriving []float64) {
	mean := make([]float64, len(stations))
	var quotients []demand.Weighted
	for i := range stations {
		mean[i] = demand.Mean(stations[i].Requests)
		if stations[i].arriving >= 0 && arriving[i] > 0 && mean[i] > 0 {
			quotients = append(quotients, demand.Weighted{Value: mean[i] / arriving[i], Weight: arriving[i]})
		}
	}
	scale := demand.WeightedMedian(quotients)
	for i := range edges {
		edges[i].Weight *= scale / mean[edges[i].Source]
	}
}

// conserve cuts the weights of edges, which are sorted by destination, down to
// the requests of the destination: a service answers at least the requests of
// its callers. That also prevents a cycle of calls from feeding itself. The
// median over the steps decides, because in the first step of a burst a callee
// may lag behind its caller.
func conserve(stations []station, edges []estimator.Edge) {
	var quotients []float64
	for len(edges) > 0 {
		to := 1
		for to < len(edges) && edges[to].Destination == edges[0].Destination {
			to++
		}
		quotients = quotients[:0]
		for t, x := range stations[edges[0].Destination].Requests {
			calls := 0.0
			for _, e := range edges[:to] {
				calls += e.Weight * stations[e.Source].Requests[t]
			}
			if q := x / calls; known(q) && calls > 0 {
				quotients = append(quotients, q)
			}
		}
		if cut := demand.Quantile(quotients, 0.5); cut < 1 {
			for i := range edges[:to] {
				edges[i].Weight *= cut
			}
		}
		edges = edges[to:]
	}
}
