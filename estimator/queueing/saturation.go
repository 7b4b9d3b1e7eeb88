package queueing

import "math"

const (
	// saturationBegins and saturationComplete bound the utilisation over which
	// a service is taken to saturate more and more. Kernel throttling and uneven
	// load keep the mean of a saturated service a little below 1; the ramp
	// between keeps noise around a threshold from moving replicas.
	saturationBegins, saturationComplete = 0.85, 0.95
	// holdsFrom is the degree of saturation from which no service on its paths
	// may shrink.
	holdsFrom = 0.5
	// blowUp is how many times the processor-sharing response time at the
	// highest planned utilisation counts as saturation, whatever a lagging CPU
	// rate says.
	blowUp = 2
	// saturatedGrowth is the least growth of demand assumed behind a fully
	// saturated service. Users who wait for answers (a closed loop) send no more
	// than the service answers, so neither rate nor latency may show what is
	// hidden.
	saturatedGrowth = 1.5
	// steepestLatency bounds the growth of latency in seconds per second, and
	// with it hidden arrivals to four times the completions.
	steepestLatency = 0.75
	// onset is the factor by which latency leaves its least value of the window
	// when a queue begins. The mean over that first step is half of what the
	// latency has risen to.
	onset = 2
	// easing is the fall of latency, or of the previous rate against the
	// newest, from which a backlog counts as being worked off.
	easing = 0.9
)

// saturation is the evidence for demand that a saturated interval hides. The
// mesh counts completed requests, so while arrivals exceed completions, both the
// request rate and CPU are only lower bounds.
type saturation struct {
	// degree is 0 for none to 1 for full.
	degree float64
	// arrivals is the ratio of arrivals to completions, at least 1.
	arrivals float64
	// backlog is the rate, in requests per second, that clears within the lead
	// time what has queued up.
	backlog float64
	// easing tells that the backlog is already being worked off: latency falls,
	// or new replicas answer more than before.
	easing bool
}

// observeSaturation reads the newest step of a station.
//
// Arrivals follow from completions X and latency L by flow conservation: in a
// first-come-first-served queue the completions up to t are the arrivals up to
// t - L(t), hence X = λ·(1 - dL/dt). Without a queue that grows, it is X = λ.
//
// self is the latency of the service itself at its newest step and unloaded
// what it is without load, both NaN when unknown.
func observeSaturation(s *station, c Config, self, unloaded float64) saturation {
	out := saturation{arrivals: 1}
	if s.arriving < 0 {
		return out
	}
	if s.sized >= 0 {
		u := s.cpu[s.sized]
		out.degree = max(0, min(1, (u-saturationBegins)/(saturationComplete-saturationBegins)))
		if u >= c.MaxUtilisation && self >= blowUp*unloaded/(1-c.MaxUtilisation) && unloaded > 0 {
			out.degree = 1
		}
	}
	now, before, least := -1, -1, math.Inf(1)
	for t, l := range s.latency {
		if known(l) {
			now, before, least = t, now, min(least, l)
		}
	}
	if before < 0 || now != s.arriving {
		return out
	}
	l, rise := s.latency[now], s.latency[now]-s.latency[before]
	begins := s.latency[before] < onset*least && l > onset*s.latency[before]
	if begins {
		rise *= 2
	}
	out.arrivals = 1 / (1 - max(0, min(steepestLatency, rise/(float64(now-before)*s.step))))
	x := s.requests[now]
	out.easing = l < easing*s.latency[before] || !begins && s.requests[before] < easing*x
	out.backlog = min(x, x*(l-least)/c.LeadTime.Seconds())
	return out
}

// hidden returns a lower bound on the request rate behind a service that is
// itself saturated, given the rate it answered.
func (s saturation) hidden(answered float64) float64 {
	if s.easing {
		return s.blocked(answered, s.degree)
	}
	return answered + s.degree*(answered*(max(s.arrivals, saturatedGrowth)-1)+s.backlog)
}

// blocked returns a lower bound on the request rate of a service that waits for
// one saturated to the given degree.
func (s saturation) blocked(answered, degree float64) float64 {
	return answered * (1 + degree*(s.arrivals-1))
}
