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
	// response is the whole response time of an entry, callees included, while it was
	// not saturated.
	response []float64
}

// responseQuantile selects the response time of a service among those of the
// window. Every disturbance, such as a queue, makes it larger.
const responseQuantile = 0.25

// observeLatencies subtracts the time of the callees, weighted by visits, from
// the response time of every service.
func (net *network) observeLatencies(stations []station) *latencies {
	n := len(stations)
	l := &latencies{self: make([]float64, n), curves: make([]demand.Curve, n), response: make([]float64, n)}
	var steps []int
	var response, buffer []float64
	var callees []demand.Callee
	for i := range stations {
		s := &stations[i]
		for t := len(steps); t < len(s.Latency); t++ {
			steps = append(steps, t)
		}
		peers, ratios := net.Callees(i)
		callees = callees[:0]
		for k, p := range peers {
			callees = append(callees, demand.Callee{Latency: stations[p].Latency, Calls: ratios[k]})
		}
		buffer = slices.Grow(buffer, len(s.Latency))
		own := demand.OwnLatency(buffer, s.Latency, callees, estimator.Range{To: len(s.Latency)})
		l.curves[i] = s.FitCurve(own, steps)
		l.self[i] = math.NaN()
		if s.arriving >= 0 {
			l.self[i] = own[s.arriving]
		}
		l.response[i] = math.NaN()
		if !net.entry[i] {
			continue
		}
		response = response[:0]
		for t, v := range s.Latency {
			if known(v) && known(s.CPU[t]) && !demand.Saturated(s.CPU[t]) {
				response = append(response, v)
			}
		}
		l.response[i] = demand.Quantile(response, responseQuantile)
	}
	return l
}

// targets returns the utilisation to plan each service for.
//
// The SLO is shared among the services of a request in proportion to the time
// the request spends in each of them when there is no load: each may be as many
// times slower as the SLO is longer than the unloaded response time of the entry.
// With processor sharing that is the same utilisation for all. A service behind
// several entries takes the lowest. An entry that is slower than the SLO without any
// load does not count, because no replicas can keep the SLO there and many would be
// spent on trying. Where no entry counts, or the SLO is not known, the target is the
// middle of the bounds.
func (net *network) targets(c Config, l *latencies) []float64 {
	unloaded := make([]float64, len(l.curves))
	for i, curve := range l.curves {
		unloaded[i] = curve.Unloaded
	}
	unloaded = net.Upstream(unloaded)
	out := make([]float64, len(unloaded))
	for i := range out {
		out[i] = math.NaN()
		if net.entry[i] {
			w := unloaded[i]
			if l.response[i] < w {
				w = l.response[i]
			}
			if stretch := c.stretch(w); stretch > 1 {
				out[i] = stretch
			}
		}
	}
	net.SpreadDownstream(out)
	for i, stretch := range out {
		out[i] = c.target(stretch, l.curves[i])
	}
	return out
}

// stretch returns the allowed multiple of the unloaded response time, given in
// seconds; NaN if that or the SLO is unknown.
func (c Config) stretch(unloaded float64) float64 {
	slo := c.slo().Mean()
	if math.IsInf(slo, 1) {
		return math.NaN()
	}
	return slo / unloaded
}

// target returns the utilisation at which a service is slower than without load by
// the given factor, within the bounds.
func (c Config) target(stretch float64, curve demand.Curve) float64 {
	if !known(stretch) {
		return (c.MinUtilisation + c.MaxUtilisation) / 2
	}
	return max(c.MinUtilisation, min(c.MaxUtilisation, curve.Utilisation(stretch)))
}
