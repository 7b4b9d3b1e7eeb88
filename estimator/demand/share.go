package demand

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/traffic"
)

// SLO bounds the response time of requests that enter the application, including
// callees. The zero value is no bound.
type SLO struct {
	Bound time.Duration
	// Percentile selects the bounded statistic: 0 the mean, or the given
	// percentile as a fraction (0.95 for p95).
	Percentile float64
}

// Validate reports an SLO that cannot be kept.
func (s SLO) Validate() error {
	switch {
	case s.Bound < 0:
		return fmt.Errorf("slo is %v, want a duration of at least 0 (0 for none)", s.Bound)
	case !(s.Percentile == 0 || s.Percentile >= 0.5 && s.Percentile < 1):
		return fmt.Errorf("sloPercentile is %v, want 0 for the mean or a fraction from 0.5 to below 1 such as 0.95", s.Percentile)
	}
	return nil
}

// Mean returns the bound on the mean response time in seconds, +Inf for none. A
// percentile is converted by the exponential law of the response time in M/M/1,
// where p95 is -ln(0.05) = 3.0 means.
func (s SLO) Mean() float64 {
	switch {
	case s.Bound == 0:
		return math.Inf(1)
	case s.Percentile == 0:
		return s.Bound.Seconds()
	}
	return s.Bound.Seconds() / -math.Log1p(-s.Percentile)
}

// Policy is what replicas are counted for, by forecasts and by labels alike.
type Policy struct {
	SLO SLO
	// MinUtilisation and MaxUtilisation bound the planned CPU utilisation, as fractions of
	// the CPU limit. Between the two the SLO decides: the tighter it is, the lower the
	// utilisation. A fit in hindsight without MaxUtilisation has bounds of its own.
	MinUtilisation, MaxUtilisation float64
}

// Target returns the utilisation to plan a service for that may be so many times slower
// than without load: within the bounds, and in their middle where that is unknown.
func (p Policy) Target(stretch float64, c Curve) float64 {
	if math.IsNaN(stretch) {
		return (p.MinUtilisation + p.MaxUtilisation) / 2
	}
	return max(p.MinUtilisation, min(p.MaxUtilisation, c.Utilisation(stretch)))
}

// Stretches returns how many times slower than without load each service of a graph may
// be; NaN where the SLO does not decide. Entries get requests from outside, unloaded is
// the time of a service of its own without load, and response returns that of
// [Service.Response], both in seconds, NaN where unknown.
//
// The SLO is shared among the services of a request in proportion to the time that the
// request spends in each of them when there is no load. With processor sharing that is
// the same utilisation for all. A service behind several entries takes the least. An entry
// that is slower than the SLO without any load does not count, because no replicas can
// keep the SLO there and many would be spent on trying.
func (s SLO) Stretches(g *traffic.Graph, entries []bool, unloaded []float64, response func(i int) float64) []float64 {
	out := g.Upstream(unloaded)
	for i, total := range out {
		out[i] = math.NaN()
		if entries[i] {
			if r := response(i); r < total { // calls in parallel do not add up
				total = r
			}
			out[i] = s.Stretch(total)
		}
	}
	g.SpreadDownstream(out)
	return out
}

// Stretch returns how many times slower requests may be that take so many seconds without
// load; NaN if the SLO does not decide.
func (s SLO) Stretch(unloaded float64) float64 {
	if stretch := s.Mean() / unloaded; stretch > 1 && !math.IsInf(stretch, 1) {
		return stretch
	}
	return math.NaN()
}

const (
	// slowdown is the allowed multiple of the unloaded latency without an SLO. Under
	// processor sharing it is a utilisation of two thirds.
	slowdown = 3
	// leastTarget bounds the target from below. At it latency is within half of
	// the unloaded one, and more replicas cannot save an SLO that is not kept.
	leastTarget = 0.3
)

// Unexplained is the share of a service's requests that the calls of others must leave
// unexplained for it to be an entry.
const Unexplained = 0.1

// Outside returns the requests per second that reach each service from outside the
// application, given those that it gets and the calls of the others: 0 where these explain
// nine tenths of them.
func Outside(requests []float64, calls []estimator.Edge) []float64 {
	out := slices.Clone(requests)
	for _, e := range calls {
		if rate := e.Weight * requests[e.Source]; e.Source != e.Destination && rate > 0 {
			out[e.Destination] -= rate
		}
	}
	for i, rate := range out {
		if !(rate > Unexplained*requests[i]) {
			out[i] = 0
		}
	}
	return out
}

// plan sets the shares of the SLO, and the utilisations to count replicas for.
func (p Policy) plan(fitted []Requirement, logs []*history, calls []estimator.Edge, train estimator.Range) {
	between := slices.DeleteFunc(slices.Clone(calls), func(e estimator.Edge) bool { return e.Source == e.Destination })
	unloaded, requests, entries := make([]float64, len(logs)), make([]float64, len(logs)), make([]bool, len(logs))
	for i, log := range logs {
		unloaded[i], requests[i] = fitted[i].Unloaded, Mean(log.Requests[train.From:train.To])
	}
	for i, rate := range Outside(requests, between) {
		entries[i] = rate > 0
	}
	stretches := p.SLO.Stretches(traffic.New(len(logs), between), entries, unloaded, func(i int) float64 { return logs[i].Response(train) })
	for i, stretch := range stretches {
		f, bounded := &fitted[i], p
		if p.MaxUtilisation == 0 {
			bounded.MinUtilisation, bounded.MaxUtilisation = leastTarget, min(SaturatedFrom, max(unproven, f.Highest))
			if p.SLO.Bound == 0 {
				stretch = slowdown
			}
		}
		f.Share, f.Utilisation = stretch*f.Unloaded, bounded.Target(stretch, f.Curve)
		if p.MaxUtilisation == 0 && math.IsNaN(f.Share) {
			f.Utilisation = unproven
		}
	}
}
