package demand

import (
	"iter"
	"math"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

// MeanSLO returns the bound on the mean response time in seconds, +Inf for an SLO
// of 0, which is none. A percentile, as a fraction, is turned into a bound on the
// mean by the exponential law of the response time in M/M/1, where p95 is
// -ln(0.05) = 3.0 means; 0 stands for the mean itself.
func MeanSLO(slo time.Duration, percentile float64) float64 {
	switch {
	case slo == 0:
		return math.Inf(1)
	case percentile == 0:
		return slo.Seconds()
	}
	return slo.Seconds() / -math.Log1p(-percentile)
}

// parallel is the fraction of its latency below which a service seems to need
// no time of its own, because it calls others at the same time.
const parallel = 0.05

// OwnLatency takes the time spent waiting for callees off the latency of a service.
// callees yields the latency of each and its mean number of calls per request, which
// are taken to be made one after the other. A service that fans out so widely that
// nothing would be left in the steps of r keeps its whole latency.
func OwnLatency(latency []float64, callees iter.Seq2[[]float64, float64], r estimator.Range) []float64 {
	var own []float64
	for callee, calls := range callees {
		if own == nil {
			own = append(own, latency...)
		}
		for t, v := range callee {
			if !math.IsNaN(v) {
				own[t] -= calls * v
			}
		}
	}
	if own == nil {
		return latency
	}
	for t := range own {
		own[t] = max(0, own[t])
	}
	if !(median(own, r) > parallel*median(latency, r)) {
		return latency
	}
	return own
}

// setTargets shares the SLO among the services and finds the utilisation at
// which each keeps its share.
func (o Objective) setTargets(fitted []Requirement, logs []*history, calls []estimator.Edge, train estimator.Range) {
	entry := entryLatencies(logs, calls, train)
	for i := range fitted {
		f := &fitted[i]
		f.Share = o.Slowdown * f.Unloaded
		if slo := MeanSLO(o.SLO, o.SLOPercentile); !math.IsInf(slo, 1) {
			f.Share = slo / entry[i] * logs[i].calmMedian(logs[i].own, train)
		}
		f.Utilisation = f.target(o.MinUtilisation, o.MaxUtilisation)
	}
}

// entryLatencies returns, for every service, the median response time of the
// slowest entry it is reached from, or its own where that is longer: most
// requests at the entry do not reach a rare and slow service, but those which
// do must keep the SLO too.
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

// median returns that of the known values in the range, NaN without any.
func median(values []float64, r estimator.Range) float64 {
	return Quantile(known(values[r.From:r.To]), 0.5)
}
