package demand

import "math"

// Arrivals returns the rates at which requests arrived, given the rates at which they were
// answered and their latency in seconds, at steps of the given length in seconds.
//
// A mesh counts a request when it is answered, so a jump that saturates a service looks late
// and slow. In a first-come-first-served queue the answers up to t are the arrivals up to
// t − L(t), see [Service.Queue]: a step that is answered late arrived before. A queue that
// overflows hides arrivals for good, so as long as it lasts, as many are taken to have come
// as were answered at any later step of it. A rate that is missing stays so, and a missing latency is none.
func Arrivals(answered, latency []float64, step float64) []float64 {
	out := make([]float64, len(answered))
	for from := 0; from < len(answered); {
		to := from
		for to < len(answered) && !math.IsNaN(answered[to]) {
			to++
		}
		arrivals(out[from:to], answered[from:to], latency[from:to], step)
		if to < len(answered) {
			out[to] = math.NaN()
		}
		from = to + 1
	}
	queued := farAbove * Quantile(appendKnown(nil, latency), undisturbed)
	for t := len(out) - 2; t >= 0; t-- {
		if latency[t] > queued && latency[t+1] > queued && out[t+1] > out[t] {
			out[t] = out[t+1]
		}
	}
	return out
}

// arrivals is [Arrivals] of steps without a gap. What was answered in a step arrived
// between two times, at a constant rate.
func arrivals(out, answered, latency []float64, step float64) {
	if len(out) == 0 {
		return
	}
	waited := 0.0
	begin := math.Inf(-1) // of the arrivals answered in step t
	for t, rate := range answered {
		wait := latency[t]
		if !(wait > 0) {
			wait = 0
		}
		// Answers are never from the future of those before them.
		waited = min(wait, waited+steepest*step)
		end := float64(t+1)*step - waited
		if t == 0 {
			begin = end - step
		}
		count, span := rate*step, end-begin
		for k := int(math.Floor(begin / step)); float64(k)*step < end; k++ {
			part := min(end, float64(k+1)*step) - max(begin, float64(k)*step)
			if k >= 0 && part > 0 {
				out[k] += count * part / span / step
			}
		}
		begin = end
	}
	// The last step has more arrivals than were answered.
	last := len(out) - 1
	for k := max(0, int(math.Floor(begin/step))); k <= last; k++ {
		if seen := max(0, begin-float64(k)*step); seen > 0 {
			out[k] *= step / seen
		} else {
			out[k] = answered[last]
		}
	}
}
