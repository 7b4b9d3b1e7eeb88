package queueing

import (
	"math"
	"slices"
)

// latencies separates the time requests spend in a service from the time they
// wait for its callees, in seconds. NaN marks what is not known.
type latencies struct {
	// self is the newest time spent in the service itself.
	self []float64
	// unloaded is that time without any load.
	unloaded []float64
	// response is the whole response time, callees included, while the service
	// was not saturated.
	response []float64
}

// unloadedQuantile picks the unloaded latency among those of the window.
// Everything that disturbs it, such as a slow callee or a queue, makes it larger.
const unloadedQuantile = 0.25

// observeLatencies takes the time of the callees, weighted by visits, off the
// response time of every service. Under processor sharing the rest is
// S/(1-utilisation), which gives S. Calls made at the same time are taken for
// calls one after the other, so a service that fans out may seem to need no
// time of its own.
func (net *network) observeLatencies(stations []station) *latencies {
	n := len(stations)
	l := &latencies{self: make([]float64, n), unloaded: make([]float64, n), response: make([]float64, n)}
	var unloaded, response []float64
	for i := range stations {
		s := &stations[i]
		unloaded, response = unloaded[:0], response[:0]
		l.self[i] = math.NaN()
		peers, ratios := net.callees.of(i)
		for t, self := range s.latency {
			if !known(self) {
				continue
			}
			for k, p := range peers {
				if v := stations[p].latency[t]; known(v) {
					self -= ratios[k] * v
				}
			}
			self = max(0, self)
			if t == s.arriving {
				l.self[i] = self
			}
			if u := s.cpu[t]; known(u) && u < saturationBegins {
				unloaded = append(unloaded, self*(1-u))
				response = append(response, s.latency[t])
			}
		}
		l.unloaded[i] = quantile(unloaded, unloadedQuantile)
		l.response[i] = quantile(response, unloadedQuantile)
	}
	return l
}

// targets returns the utilisation to plan each service for.
//
// The SLO is shared among the services of a request in proportion to the time
// the request spends in each of them when there is no load. With processor
// sharing, R = S/(1-ρ), all shares are kept when every service stays below the
// same utilisation, ρ = 1 - W/SLO for an unloaded response time W of the entry. A service
// behind several entries takes the lowest. Where W or the SLO is not known, the
// target is the middle of the bounds.
func (net *network) targets(c Config, l *latencies) []float64 {
	zero := make([]float64, len(l.unloaded))
	unloaded := propagate(reversed(net.order), &net.callees, l.unloaded, zero)
	targets := make([]float64, len(unloaded))
	for i := range targets {
		targets[i] = math.NaN()
		if net.entry[i] {
			w := unloaded[i]
			if l.response[i] < w {
				w = l.response[i]
			}
			targets[i] = c.target(w)
		}
	}
	spread(net.order, &net.callers, targets)
	for i := range targets {
		if !known(targets[i]) {
			targets[i] = c.target(math.NaN())
		}
	}
	return targets
}

// target returns the utilisation at which a request that takes the given time
// without load keeps the SLO, within the bounds.
func (c Config) target(unloaded float64) float64 {
	slo := c.meanSLO()
	if math.IsInf(slo, 1) || !known(unloaded) {
		return (c.MinUtilisation + c.MaxUtilisation) / 2
	}
	return max(c.MinUtilisation, min(c.MaxUtilisation, 1-unloaded/slo))
}

// quantile returns the q-quantile of the values, NaN without any. It sorts them.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	slices.Sort(values)
	return values[int(q*float64(len(values)-1))]
}

func reversed(order []int) []int {
	order = slices.Clone(order)
	slices.Reverse(order)
	return order
}
