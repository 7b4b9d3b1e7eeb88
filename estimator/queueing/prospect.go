package queueing

import "github.com/deepscaler/deepscaler/estimator"

// prospect is what the telemetry of a service shows of its next steps, before those of its
// callers count.
type prospect struct {
	// own are the forecast rates of its requests, and outside those that come from outside
	// the application, nil for a service that is no entry.
	own, outside []float64
	work         work
	// headroom is the spare capacity in standard deviations, see [Config].
	headroom float64
}

// prospects returns those of all services, and the shares of their present load for which
// the season vouches.
func (c Config) prospects(w *estimator.Window, net *network, stations []station, came *arrivals) (all []prospect, vouched []float64) {
	horizon := c.horizon(w.Step)
	all, vouched = make([]prospect, len(stations)), make([]float64, len(stations))
	believed := make([]float64, len(stations))
	for i := range stations {
		s, p := &stations[i], &all[i]
		p.own = came.own[i].forecast(s.Requests, horizon, came.moved)
		if rates := came.outside[i]; rates != nil {
			p.outside, believed[i] = c.anticipate(w, i, rates, s.Latency, came.entries[i].forecast(rates, horizon, came.moved))
		}
		if s.sized >= 0 {
			p.work = fitWork(s)
			p.headroom = c.Headroom * min(came.moved, moved(s.Requests, horizon, w.Step))
		}
	}
	if c.Season == nil {
		return all, vouched
	}
	vouched = net.vouched(stations, came, believed)
	for i, share := range vouched {
		all[i].headroom *= 1 - spared*share
		if s := &stations[i]; s.arriving >= 0 {
			follow(all[i].own, s.Requests, s.Requests[s.arriving], share)
		}
	}
	return all, vouched
}

// replicas returns those for a rate of requests at a utilisation. CPU per request of steps in which
// a queue grew is that of the requests which came, hidden ones included.
func (p *prospect) replicas(rate float64, s *station, hidden, utilisation float64) float64 {
	w := p.work
	if s.arriving >= 0 && w.unbalanced && hidden > s.Requests[s.arriving] {
		w.PerRequest *= s.Requests[s.arriving] / hidden
	}
	return w.replicas(rate, utilisation, p.headroom)
}
