package demand

import "math"

const (
	// SaturatedFrom is the utilisation, used ÷ limit, from which a service counts
	// as saturated: kernel throttling and uneven load keep the mean over replicas
	// and over a step a little below 1 even then.
	SaturatedFrom = 0.9
	// ramp is the distance to both sides of SaturatedFrom over which the degree
	// of saturation grows, so that noise around a threshold moves no replicas.
	ramp = 0.05
)

// Saturated reports whether a utilisation is that of a saturated service; false
// for NaN.
func Saturated(utilisation float64) bool { return utilisation >= SaturatedFrom }

// Saturation returns the degree of saturation at a utilisation: from 0 to 1, and a
// half at [SaturatedFrom].
func Saturation(utilisation float64) float64 {
	return max(0, min(1, (utilisation-(SaturatedFrom-ramp))/(2*ramp)))
}

const (
	// steepest bounds the growth of latency in seconds per second, and with it
	// hidden arrivals to four times the completions.
	steepest = 0.75
	// onset is the factor by which latency leaves its least value when a queue
	// begins. The mean over that first step is half of what the latency has risen
	// to.
	onset = 2
	// easing is the fall of latency, or of the previous rate relative to the
	// newest, from which a backlog counts as shrinking.
	easing = 0.9
)

// Queue is the evidence of latency about hidden arrivals. The mesh counts
// completed requests, so while arrivals exceed completions, both the request
// rate and CPU are only lower bounds.
type Queue struct {
	// Arrivals is the ratio of arrivals to completions, at least 1.
	Arrivals float64
	// Backlog is the number of requests that have queued up.
	Backlog float64
	// Easing marks a shrinking backlog: latency falls, or new replicas answer
	// more than before.
	Easing bool
}

// Queue reads step t of a service and the steps from the given one up to it.
//
// Arrivals follow from completions X and latency L by flow conservation: in a
// first-come-first-served queue the completions up to t are the arrivals up to
// t - L(t), hence X = λ·(1 - dL/dt). Without a queue that grows, or without the
// latency at t, it is X = λ.
func (s *Service) Queue(from, t int) Queue {
	out := Queue{Arrivals: 1}
	l := s.Latency[t]
	before, least := -1, l
	for k := from; k < t; k++ {
		if v := s.Latency[k]; !math.IsNaN(v) {
			before, least = k, min(least, v)
		}
	}
	if before < 0 || math.IsNaN(l) {
		return out
	}
	rise := l - s.Latency[before]
	begins := s.Latency[before] < onset*least && l > onset*s.Latency[before]
	if begins {
		rise *= 2
	}
	out.Arrivals = 1 / (1 - max(0, min(steepest, rise/(float64(t-before)*s.Step))))
	x := s.Requests[t]
	out.Easing = l < easing*s.Latency[before] || !begins && s.Requests[before] < easing*x
	out.Backlog = x * (l - least)
	return out
}
