package queueing

import (
	"slices"

	"github.com/deepscaler/deepscaler/estimator/demand"
)

const (
	// mostly is the share of a load from which a season vouches for all of it, since loads
	// differ a little from any season.
	mostly = 0.8
	// spared is the share of its headroom that such a load needs no more. The rest is for
	// noise, which no season expects.
	spared = 0.5
	// noise is how far above its newest sample such a load is taken to be.
	noise = 0.1
)

// vouched returns the share of the present load of each service that a season expects, given
// the believed share of the load from outside each.
//
// Reserves for the next rise are for what nobody announces. So this share needs less
// headroom, no level that falls slowly, no hold, no correction by a network, and no growth
// assumed behind a service at its limit: what the season expects is planned for.
func (net *network) vouched(stations []station, came *arrivals, believed []float64) []float64 {
	outside, expected, received := make([]float64, len(stations)), make([]float64, len(stations)), make([]float64, len(stations))
	for i := range stations {
		s := &stations[i]
		if s.arriving < 0 {
			continue
		}
		received[i] = certain(s.Requests[s.arriving], variation{1, s.Step})
		if rates := came.outside[i]; rates != nil && known(rates[s.arriving]) {
			outside[i], expected[i] = rates[s.arriving], believed[i]*rates[s.arriving]
		}
	}
	shares := net.Downstream(expected, nil)
	for i, rate := range net.Downstream(outside, received) {
		if shares[i] = min(1, shares[i]/(mostly*rate)); !(shares[i] > 0) {
			shares[i] = 0
		}
	}
	return shares
}

// follow lowers a forecast from the rates of a service towards the newest of them, as far as
// a season vouches for that, but not below the middle of the window: rates are too low for a
// step or two after pods have ended.
func follow(forecast, rates []float64, newest, share float64) {
	var memory [enough]float64
	seen := slices.DeleteFunc(append(memory[:0], rates...), func(v float64) bool { return !known(v) })
	now := max((1+noise)*newest, demand.Quantile(seen, 0.5))
	for h, v := range forecast {
		forecast[h] -= share * max(0, v-now)
	}
}
