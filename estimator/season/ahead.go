package season

import (
	"math"
	"slices"
	"time"
)

// Outlook is what a season says about the steps after a window.
type Outlook struct {
	// Rates are those expected at the coming steps, at the level of the window.
	Rates []float64
	// Now is the highest expected at the last step of the window, were the profile a step
	// early or late.
	Now float64
	// Gate is how far they are to be believed, from 0 to 1.
	Gate float64
}

// Ahead returns the outlook of a service on the steps up to horizon, given its rates up
// to a time, NaN where missing. Rates are requests or a part of them: the season
// knows their shape, the window their level. The gate is 0 where the season knows
// nothing of the service, or the window has too few rates.
func (s *Season) Ahead(service string, rates []float64, end time.Time, horizon int) Outlook {
	n := slices.Index(s.Services, service)
	if n < 0 {
		return Outlook{Rates: make([]float64, horizon)}
	}
	now := s.phase(end)
	return s.ahead(n, rates, now, horizon)
}

// ahead is [Season.Ahead] for service n at a phase.
func (s *Season) ahead(n int, rates []float64, now, horizon int) Outlook {
	out := Outlook{Rates: make([]float64, horizon)}
	level := s.level(n, rates, now)
	if math.IsNaN(level) {
		return out
	}
	for h := range out.Rates {
		out.Rates[h] = level * s.at(n, now+h+1)
	}
	out.Now = level * max(s.at(n, now-1), s.at(n, now), s.at(n, now+1))
	out.Gate = s.Worth[n] * s.gate(n, rates, now, level)
	return out
}

// quiet is what both rates and profile are raised by before they are compared, as a
// share of the mean of the profile: at night a few requests more are no other level.
const quiet = 0.05

// level returns the median of the rates of a window as shares of the profile: that of
// today against an average day, however some steps differ. NaN of fewer than two.
func (s *Season) level(n int, rates []float64, now int) float64 {
	var shares []float64
	floor := 0.0
	for _, v := range s.Rates[n] {
		floor += v
	}
	floor *= quiet / float64(len(s.Rates[n]))
	for t, v := range rates {
		if p := s.at(n, now-(len(rates)-1-t)) + floor; !math.IsNaN(v) && p > 0 {
			shares = append(shares, (v+floor)/p)
		}
	}
	if len(shares) < 2 {
		return math.NaN()
	}
	slices.Sort(shares)
	return (shares[(len(shares)-1)/2] + shares[len(shares)/2]) / 2
}

const (
	// apart is how many steps ahead the forecast "as it is" is made that a season has
	// to beat.
	apart = 3
	// tolerance is how many times its spread a season may be off.
	tolerance = 2
)

// gate returns how far the profile is to be believed after the window: 1 while its
// errors are within its spread or no larger than those of "as it is", down to 0
// where they are half more. The profile may be early or late by a step, since
// scrapes are not aligned to it.
func (s *Season) gate(n int, rates []float64, now int, level float64) float64 {
	season, same, usual := 0.0, 0.0, 0.0
	for t, v := range rates {
		if math.IsNaN(v) {
			continue
		}
		phase := now - (len(rates) - 1 - t)
		before, at, after := level*s.at(n, phase-1), level*s.at(n, phase), level*s.at(n, phase+1)
		season += max(0, min(before, at, after)-v, v-max(before, at, after))
		usual += tolerance * s.Spread[n] * at
		if t >= apart && !math.IsNaN(rates[t-apart]) {
			same += math.Abs(v - rates[t-apart])
		}
	}
	allowed := max(same, usual)
	if allowed == 0 {
		if season == 0 {
			return 1
		}
		return 0
	}
	return max(0, min(1, 3-2*season/allowed))
}
