package demand

import (
	"math"

	"github.com/deepscaler/deepscaler/estimator"
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

// responseQuantile selects the response time of a service among those of a window. Every
// disturbance, such as a queue, makes it larger.
const responseQuantile = 0.25

// Response returns the response time of a service in the steps of r, callees included, in
// seconds, while it was not saturated; NaN if that is not known.
func (s *Service) Response(r estimator.Range) float64 {
	var buffer [onStack]float64
	response := room(buffer[:], r.Len())
	for t := r.From; t < r.To; t++ {
		if v, u := s.Latency[t], s.CPU[t]; !math.IsNaN(v) && !math.IsNaN(u) && !Saturated(u) {
			response = append(response, v)
		}
	}
	return Quantile(response, responseQuantile)
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
