package queueing

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/traffic"
)

// arrivingAt returns stations that answered the given rates throughout.
func arrivingAt(rates ...float64) []station {
	out := make([]station, len(rates))
	for i, r := range rates {
		out[i] = *stationOf(ramp(r, r, 4), []float64{1}, 0.001, 0)
		if math.IsNaN(r) {
			out[i].arriving, out[i].sized = -1, -1
		}
	}
	return out
}

// edge is one call between two services, with its number per request to the caller.
type edge struct {
	source, destination int
	ratio               float64
}

func connected(n int, edges ...edge) *network {
	var all []estimator.Edge
	for _, e := range edges {
		all = append(all, estimator.Edge{Source: e.source, Destination: e.destination, Weight: e.ratio})
	}
	return &network{Graph: traffic.New(n, all), entry: make([]bool, n)}
}

func (net *network) ratio(source, destination int) float64 {
	peers, ratios := net.Callees(source)
	for k, p := range peers {
		if p == destination {
			return ratios[k]
		}
	}
	return 0
}

func TestVisitRatiosOfACompleteGraph(t *testing.T) {
	// 0 is the entry; 2 is called by 0 and 1 and from outside.
	graph := &estimator.CallGraph{Calls: []estimator.Call{
		{Source: estimator.Outside, Destination: 0, Rate: 10},
		{Source: 0, Destination: 1, Rate: 5},
		{Source: 0, Destination: 2, Rate: 30},
		{Source: 1, Destination: 2, Rate: 5},
		{Source: estimator.Outside, Destination: 2, Rate: 5},
	}}
	net := newNetwork(arrivingAt(10, 5, 40), graph)
	for _, tt := range []struct {
		from, to int
		want     float64
	}{{0, 1, 0.5}, {0, 2, 3}, {1, 2, 1}, {1, 0, 0}} {
		if got := net.ratio(tt.from, tt.to); got != tt.want {
			t.Errorf("calls %d→%d per request: %v, want %v", tt.from, tt.to, got, tt.want)
		}
	}
	if !net.entry[0] || net.entry[1] || !net.entry[2] {
		t.Errorf("entries %v, want the first and the last", net.entry)
	}
	if got := net.outsideRates(arrivingAt(10, 5, 40), 2)[0]; got != 5 {
		t.Errorf("%v requests per second from outside, want 5", got)
	}
}

// TestVisitRatiosOfATracedGraph checks that only the ratios of counts matter.
func TestVisitRatiosOfATracedGraph(t *testing.T) {
	for _, scale := range []float64{1e-6, 0.01, 1, 1e6} {
		graph := &estimator.CallGraph{Calls: []estimator.Call{
			{Source: 0, Destination: 1, Rate: 20 * scale},
			{Source: 0, Destination: 2, Rate: 10 * scale},
			{Source: 1, Destination: 3, Rate: 40 * scale},
			{Source: 2, Destination: 3, Rate: 5 * scale},
		}}
		// 2 gets 10 of its 25 requests from 0, the others from outside.
		net := newNetwork(arrivingAt(10, 20, 25, 45), graph)
		for _, tt := range []struct {
			from, to int
			want     float64
		}{{0, 1, 2}, {0, 2, 1}, {1, 3, 2}, {2, 3, 0.2}} {
			if got := net.ratio(tt.from, tt.to); !near(got, tt.want, 1e-9) {
				t.Errorf("scale %v, calls %d→%d per request: %v, want %v", scale, tt.from, tt.to, got, tt.want)
			}
		}
		if !net.entry[0] || net.entry[1] || !net.entry[2] || net.entry[3] {
			t.Errorf("scale %v: entries %v, want the first and the third", scale, net.entry)
		}
	}
}

func TestOutsideRatesAreNeverNegative(t *testing.T) {
	graph := &estimator.CallGraph{Calls: []estimator.Call{
		{Source: estimator.Outside, Destination: 0, Rate: 10},
		{Source: 0, Destination: 1, Rate: 10},
		{Source: estimator.Outside, Destination: 1, Rate: 10},
	}}
	stations := arrivingAt(10, 20)
	stations[0].Requests[3] = 50 // the callee does not show it yet
	stations[0].Requests[2] = missing
	rates := newNetwork(stations, graph).outsideRates(stations, 1)
	if rates[1] != 10 || !math.IsNaN(rates[2]) || rates[3] != 0 {
		t.Errorf("rates from outside %v, want 10, then unknown, then 0", rates)
	}
}

func TestCallsOfAServiceWithoutTelemetryComeFromOutside(t *testing.T) {
	graph := &estimator.CallGraph{Calls: []estimator.Call{
		{Source: estimator.Outside, Destination: 0, Rate: 10},
		{Source: 0, Destination: 1, Rate: 20},
		{Source: 1, Destination: 2, Rate: 20},
	}}
	net := newNetwork(arrivingAt(missing, 20, 20), graph)
	if !net.entry[1] || net.entry[2] {
		t.Errorf("entries %v, want the callee of the missing service", net.entry)
	}
}

func TestSchedulerIsNotScaledByItsHealthChecks(t *testing.T) {
	graph := &estimator.CallGraph{Calls: []estimator.Call{
		{Source: estimator.Outside, Destination: 0, Rate: 0.01},
		{Source: 0, Destination: 1, Rate: 100},
		{Source: estimator.Outside, Destination: 2, Rate: 10},
		{Source: 2, Destination: 1, Rate: 10},
	}}
	net := newNetwork(arrivingAt(0.01, 110, 10), graph)
	if net.ratio(0, 1) != 0 || !net.entry[1] || net.ratio(2, 1) != 1 {
		t.Errorf("a service that makes 10,000 calls per request has ratio %v, want its calls to count as outside", net.ratio(0, 1))
	}
}

// TestTracedCallsNeverExceedRequests is flow conservation: a service answers no
// fewer requests than the graph says its callers make.
func TestTracedCallsNeverExceedRequests(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		const n = 6
		rates := make([]float64, n)
		for i := range rates {
			rates[i] = 100 * rng.Float64()
		}
		graph := &estimator.CallGraph{}
		for i := range n {
			for j := range n {
				if rng.Float64() < 0.4 {
					graph.Calls = append(graph.Calls, estimator.Call{Source: i, Destination: j, Rate: 100 * rng.Float64()})
				}
			}
		}
		net := newNetwork(arrivingAt(rates...), graph)
		for j := range n {
			calls := 0.0
			peers, ratios := net.Callers(j)
			for k, i := range peers {
				calls += ratios[k] * rates[i]
			}
			if calls > rates[j]*(1+1e-9) {
				t.Fatalf("service %d answers %v requests but is called %v times", j, rates[j], calls)
			}
		}
	}
}
