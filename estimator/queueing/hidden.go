package queueing

import "slices"

// hiddenDemand is the demand that saturation hides, for every service.
type hiddenDemand struct {
	// rates are lower bounds on the requests per second, 0 without evidence.
	rates []float64
	// held marks the services that must not shrink: those that wait for a
	// saturated one, and everything they call, whose load the wait holds back.
	held []bool
}

// findHidden finds saturated services and those that wait for them, given the share of the
// load of each that a season vouches for.
//
// In the first lead time of a saturation under a calm load, no more is hidden than the
// requests to the entries that it does not slow down have grown: the users are the same.
func (net *network) findHidden(c Config, stations []station, l *latencies, came *arrivals, vouched []float64) hiddenDemand {
	n := len(stations)
	seen := make([]saturation, n)
	// Negative, so that the largest spreads. since counts the steps from before the
	// saturation.
	degree, since := make([]float64, n), make([]float64, n)
	for i := range stations {
		s := &stations[i]
		seen[i] = observeSaturation(s, c, l.self[i], l.curves[i])
		degree[i] = -seen[i].degree
		if before := s.onset(c.LeadTime); before >= 0 && !seen[i].explained {
			since[i] = float64(before - s.sized)
		}
	}
	out := hiddenDemand{rates: make([]float64, n), held: make([]bool, n)}
	if !slices.ContainsFunc(seen, func(s saturation) bool { return s.degree != 0 || s.unexplained }) {
		return out
	}
	net.SpreadUpstream(degree)
	for i := range seen {
		if s := &seen[i]; s.unexplained && degree[i] == -s.degree { // not for a callee
			s.degree, degree[i] = 1, -1
		}
	}
	net.SpreadUpstream(degree)
	net.SpreadUpstream(since)
	lead := c.horizon(came.step)
	grown := came.grown(func(i int) bool { return degree[i] == 0 }, lead)
	for i := range stations {
		s := &stations[i]
		if s.arriving < 0 || degree[i] == 0 {
			continue
		}
		answered := s.Requests[s.arriving]
		if seen[i].degree > 0 {
			out.rates[i] = seen[i].hidden(answered, vouched[i])
		} else {
			out.rates[i] = seen[i].blocked(answered, -degree[i])
		}
		// What has grown before a callee came through its callers.
		if before := s.arriving + int(since[i]); before < s.arriving && before >= 0 {
			out.rates[i] = max(out.rates[i], assumed(onsetGrowth, vouched[i])*s.calm(before, c.LeadTime))
		}
		if before := s.arriving + 1 - lead; before >= minSamples && !s.saturatedSince(before) {
			most := max(grown*came.own[i].level(s.Requests[:before], came.moved), answered)
			if most < out.rates[i] {
				out.rates[i] -= (1 - came.moved) * (out.rates[i] - most)
			}
		}
	}
	net.SpreadDownstream(degree)
	for i := range degree {
		out.held[i] = -degree[i] >= holdsFrom
	}
	return out
}

// certainty is the distance below a forecast, in standard deviations of a sample, from
// which a service's own telemetry overrides the forecast from its callers.
const certainty = 2

// certain returns a safe lower bound of a forecast rate that varies by chance.
func certain(rate float64, n variation) float64 {
	return max(0, rate-certainty*n.deviation(rate))
}
