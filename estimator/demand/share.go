package demand

import (
	"fmt"
	"math"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
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

const (
	// slowdown is the allowed multiple of the unloaded latency without an SLO. Under
	// processor sharing it is a utilisation of two thirds.
	slowdown = 3
	// leastTarget bounds the target from below. At it latency is within half of
	// the unloaded one, and more replicas cannot save an SLO that is not kept.
	leastTarget = 0.3
)

// parallel is the fraction of its latency below which the own time of a service
// is not credible, because it calls others in parallel.
const parallel = 0.05

// Callee is a service that another one calls.
type Callee struct {
	// Latency is that of the callee, in seconds, by step.
	Latency []float64
	// Calls is the mean number per request to the caller.
	Calls float64
}

// OwnLatency subtracts the time spent waiting for callees, whose calls count as
// sequential, from the latency of a service. A service that fans out so widely that
// nothing would be left in the steps of r keeps its whole latency. The result is latency
// itself, or shares the memory of buffer if that is large enough.
func OwnLatency(buffer, latency []float64, callees []Callee, r estimator.Range) []float64 {
	if len(callees) == 0 {
		return latency
	}
	own := buffer[:0]
	own = append(own, latency...)
	for _, callee := range callees {
		for t, v := range callee.Latency {
			if !math.IsNaN(v) {
				own[t] -= callee.Calls * v
			}
		}
	}
	for t := range own {
		own[t] = max(0, own[t])
	}
	least, most := math.Inf(1), 0.0
	for _, v := range latency[r.From:r.To] {
		if v < least {
			least = v
		}
		if v > most {
			most = v
		}
	}
	// The medians decide. That of the latency need not be known where the extremes agree.
	above := func(latency float64) bool { return medianAbove(own[r.From:r.To], parallel*latency) }
	if above(most) || above(least) && above(median(latency, r)) {
		return own
	}
	return latency
}

// setTargets shares the SLO among the services and finds the utilisation at
// which each keeps its share.
func (s SLO) setTargets(fitted []Requirement, logs []*history, calls []estimator.Edge, train estimator.Range) {
	entry := entryLatencies(logs, calls, train)
	for i := range fitted {
		f := &fitted[i]
		f.Share = slowdown * f.Unloaded
		if slo := s.Mean(); !math.IsInf(slo, 1) {
			f.Share = slo / entry[i] * logs[i].calmMedian(logs[i].own, train)
		}
		f.Utilisation = f.target()
	}
}

// entryLatencies returns, for every service, the median response time of the
// slowest entry that reaches it, or its own if that is longer: most requests at
// the entry do not reach a rare and slow service, but those that do must keep
// the SLO too.
func entryLatencies(logs []*history, calls []estimator.Edge, train estimator.Range) []float64 {
	medians, out := make([]float64, len(logs)), make([]float64, len(logs))
	slowest := math.NaN()
	called := make([]bool, len(logs))
	for _, e := range calls {
		called[e.Destination] = called[e.Destination] || e.Source != e.Destination
	}
	for i, log := range logs {
		m := log.calmMedian(log.Latency, train)
		if !(m <= slowest) && !math.IsNaN(m) {
			slowest = m
		}
		if medians[i], out[i] = m, math.NaN(); len(calls) > 0 && !called[i] {
			out[i] = m
		}
	}
	for changed := true; changed; {
		changed = false
		for _, e := range calls {
			if from := out[e.Source]; from > out[e.Destination] || !math.IsNaN(from) && math.IsNaN(out[e.Destination]) {
				out[e.Destination] = from
				changed = true
			}
		}
	}
	for i, m := range medians {
		if math.IsNaN(out[i]) {
			out[i] = slowest
		}
		if m > out[i] {
			out[i] = m
		}
	}
	return out
}

// median returns the median of the known values in the range, NaN without any.
func median(values []float64, r estimator.Range) float64 {
	var buffer [onStack]float64
	return Quantile(appendKnown(room(buffer[:], r.Len()), values[r.From:r.To]), 0.5)
}

// medianAbove reports whether [median] of values is above a bound.
func medianAbove(values []float64, bound float64) bool {
	known, above := 0, 0
	for _, v := range values {
		known += one(!math.IsNaN(v))
		above += one(v > bound)
	}
	return known-above <= (known-1)/2 && known > 0
}
