package demand

import (
	"math"
	"time"
)

// Dispersion returns the index of dispersion of a stream of requests: the variance of its
// count in a step over the mean, 1 for a Poisson stream and never less. Requests that come
// in batches, as one user's calls in a loop, have as much more as a batch is large.
//
// rates are requests per second at steps of the given length, NaN where missing. The
// dispersion comes from second differences, in which a ramp cancels, and is a median,
// which jumps do not move.
func Dispersion(rates []float64, step time.Duration) float64 {
	var buffer [onStack]float64
	squares := room(buffer[:], len(rates))
	for t := 2; t < len(rates); t++ {
		a, b, c := rates[t-2], rates[t-1], rates[t]
		if v := (a - 2*b + c) * (a - 2*b + c) / (a + 4*b + c) * step.Seconds(); !math.IsNaN(v) {
			squares = append(squares, v)
		}
	}
	if len(squares) < fewSamples {
		return 1
	}
	return max(1, Quantile(squares, 0.5)/medianOfSquare)
}

// medianOfSquare is the median of the square of a standard normal variable.
const medianOfSquare = 0.4549
