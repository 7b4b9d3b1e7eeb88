package queueing

import (
	"cmp"
	"slices"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
	"github.com/deepscaler/deepscaler/estimator/traffic"
)

// network is the invocation graph as a queueing network: how often a request to
// one service calls another. Only services with a known request rate take part;
// calls of the others reach their callees as if from outside.
type network struct {
	*traffic.Graph
	// entry marks the services that get requests from outside.
	entry []bool
}

// maxFanOut is the number of calls per request above which a service counts as
// calling independently of its requests, like a scheduler. Such calls are
// arrivals from outside.
const maxFanOut = 1000

// newNetwork finds the visit ratios P_ij = rate(i→j) ÷ requests(i) (the routing
// of an open Jackson network).
//
// A graph that names calls from Outside is complete: all calls of a service add
// up to its requests, and the ratios follow from the graph alone. One that names
// none comes from traces, of which a share of unknown size was sampled; its
// scale is then found from the request rates (see [tracedRatios]). Either way
// the calls of a service do not exceed its requests (see [conserve]).
func newNetwork(stations []station, graph *estimator.CallGraph) *network {
	n := len(stations)
	net := &network{entry: make([]bool, n)}
	arriving := make([]float64, n)
	outside := false
	for _, c := range graph.Calls {
		arriving[c.Destination] += c.Rate
		if c.Source == estimator.Outside && c.Rate > 0 {
			outside = true
		}
	}
	var edges []estimator.Edge
	for _, c := range graph.Calls {
		switch {
		case c.Rate == 0 || stations[c.Destination].arriving < 0:
		case c.Source == estimator.Outside, stations[c.Source].arriving < 0, outside && arriving[c.Source] == 0:
			net.entry[c.Destination] = true
		default:
			edges = append(edges, estimator.Edge{Source: c.Source, Destination: c.Destination, Weight: c.Rate})
		}
	}
	slices.SortFunc(edges, func(a, b estimator.Edge) int {
		return cmp.Or(cmp.Compare(a.Destination, b.Destination), cmp.Compare(a.Source, b.Source))
	})
	if outside {
		for i := range edges {
			edges[i].Weight /= arriving[edges[i].Source]
		}
	} else {
		tracedRatios(stations, edges, arriving)
	}
	edges = slices.DeleteFunc(edges, func(e estimator.Edge) bool {
		if e.Weight > maxFanOut {
			net.entry[e.Destination] = true
		}
		return !(e.Weight > 0 && e.Weight <= maxFanOut)
	})
	conserve(stations, edges)
	net.Graph = traffic.New(n, edges)
	for i := range stations {
		peers, _ := net.Callers(i)
		if stations[i].arriving >= 0 && len(peers) == 0 || !outside && net.unexplained(stations, i) {
			net.entry[i] = true
		}
	}
	return net
}

// outsideRates returns the rates at which requests reach service i other than
// by the calls of the network, per step: its requests less the calls of its
// callers. NaN where one of the rates is missing.
func (net *network) outsideRates(stations []station, i int) []float64 {
	rates := slices.Clone(stations[i].Requests)
	peers, ratios := net.Callers(i)
	for t := range rates {
		for k, p := range peers {
			rates[t] -= ratios[k] * stations[p].Requests[t]
		}
		if len(peers) > 0 {
			rates[t] = max(0, rates[t])
		}
	}
	return rates
}

// unexplained reports whether service i is an entry of a traced graph.
func (net *network) unexplained(stations []station, i int) bool {
	requests, outside := 0.0, 0.0
	for t, v := range net.outsideRates(stations, i) {
		if known(v) {
			outside += v
			requests += stations[i].Requests[t]
		}
	}
	return outside > demand.Unexplained*requests
}
