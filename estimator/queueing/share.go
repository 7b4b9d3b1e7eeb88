package queueing

import (
	"math"
	"slices"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
)

// latencies separates the time of requests in a service from their wait for its
// callees, in seconds. NaN marks unknown values.
type latencies struct {
	// self is the newest time spent in the service itself.
	self []float64
	// curves are of that time over utilisation.
	curves []demand.Curve
}

// observeLatencies subtracts the time of the callees, weighted by visits, from
// the response time of every service.
func (net *network) observeLatencies(stations []station) *latencies {
	n := len(stations)
	l := &latencies{self: make([]float64, n), curves: make([]demand.Curve, n)}
	var steps []int
	var buffer []float64
	var callees []demand.Callee
	for i := range stations {
		s := &stations[i]
		all := estimator.Range{To: len(s.Latency)}
		for t := len(steps); t < len(s.Latency); t++ {
			steps = append(steps, t)
		}
		peers, ratios := net.Callees(i)
		callees = callees[:0]
		for k, p := range peers {
			callees = append(callees, demand.Callee{Latency: stations[p].Latency, Calls: ratios[k]})
		}
		buffer = slices.Grow(buffer, len(s.Latency))
		own := demand.OwnLatency(buffer, s.Latency, callees, all)
		l.curves[i] = s.FitCurve(own, steps)
		l.self[i] = math.NaN()
		if s.arriving >= 0 {
			l.self[i] = own[s.arriving]
		}
	}
	return l
}

// targets returns the utilisation to plan each service for, see [demand.SLO.Stretches].
func (net *network) targets(p demand.Policy, stations []station, l *latencies) []float64 {
	unloaded := make([]float64, len(l.curves))
	for i, curve := range l.curves {
		unloaded[i] = curve.Unloaded
	}
	out := p.SLO.Stretches(net.Graph, net.entry, unloaded, func(i int) float64 {
		return stations[i].Response(estimator.Range{To: len(stations[i].Latency)})
	})
	for i, stretch := range out {
		out[i] = p.Target(stretch, l.curves[i])
	}
	return out
}
