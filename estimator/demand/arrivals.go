package demand

import "math"

// Shown is how much of the arrivals of a step its telemetry shows.
type Shown uint8

const (
	// Whole is all of them.
	Whole Shown = iota
	// AtLeast is a lower bound: requests queued up.
	AtLeast
	// Less is a lower bound of a queue that was full, and turned requests away.
	Less
)

// Arrivals returns the rates at which requests arrived, and how much of them they are,
// given the rates at which they were answered and their latency in seconds, at steps of the
// given length in seconds.
//
// A mesh counts a request when it is answered, so a jump that saturates a service looks late
// and slow. In a first-come-first-served queue the answers up to t are the arrivals up to
// t − L(t), see [Service.Queue]: a step that is answered late arrived before. A queue that
// overflows hides arrivals for good, so as long as it lasts, at least as many came
// as were answered at any later step of it. A rate that is missing stays so, and a missing
// latency is none.
func Arrivals(answered, latency []float64, step float64) (came []float64, shown []Shown) {
	came, shown = make([]float64, len(answered)), make([]Shown, len(answered))
	for from := 0; from < len(answered); {
		to := from
		for to < len(answered) && !math.IsNaN(answered[to]) {
			to++
		}
		arrivals(came[from:to], answered[from:to], latency[from:to], step)
		if to < len(answered) {
			came[to] = math.NaN()
		}
		from = to + 1
	}
	queued := farAbove * Quantile(appendKnown(nil, latency), undisturbed)
	for from := 0; from < len(came); from++ {
		to := from
		for to < len(came) && latency[to] > queued {
			to++
		}
		queue := overflow(answered[from:to], latency[from:to], step)
		for t := to - 1; t >= from; t-- {
			shown[t] = queue
			if t+1 < to && came[t+1] > came[t] {
				came[t] = came[t+1]
			}
		}
		from = max(from, to)
	}
	return came, shown
}

const (
	// relative and absolute bound the change of the latency of a full queue from one step to
	// the next, as shares of the latency and of the step.
	relative, absolute = 0.1, 0.02
	// Crowd is the least number of requests in a service that is taken to be short of
	// replicas.
	Crowd = 10
)

// overflow returns what a queue that lasts for the given steps shows. If it is full, what it
// lets in waits equally long, whatever comes; if it has room, it grows or
// shrinks, unless as much comes as is answered.
func overflow(answered, latency []float64, step float64) Shown {
	shown := Whole
	for t, l := range latency {
		if !(answered[t]*l >= Crowd) {
			continue
		}
		shown = max(shown, AtLeast)
		if t > 0 && math.Abs(l-latency[t-1]) <= min(relative*l, absolute*step) {
			shown = Less
		}
	}
	return shown
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
