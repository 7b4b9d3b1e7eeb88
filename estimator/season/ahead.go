package season

import (
	"math"
	"slices"
	"time"

	"github.com/deepscaler/deepscaler/estimator/demand"
)

// Outlook is the forecast of a season for the steps after a window.
type Outlook struct {
	// Rates are expected at the coming steps, at the level of the window, as far as
	// levels last.
	Rates []float64
	// Now is the highest expected at the last step of the window, were the profile a step
	// early or late.
	Now float64
	// Trust is the reliability of each of them, from 0 to 1.
	Trust []float64
}

// Ahead returns the outlook of a service on the steps up to horizon, given its load up to a
// time. Rates are requests or a part of them: the season has
// their shape, the window their level. Trust is 0 if the season lacks the service, or
// the window has too few rates.
func (s *Season) Ahead(service string, l Load, end time.Time, horizon int) Outlook {
	out := Outlook{Rates: make([]float64, horizon), Trust: make([]float64, horizon)}
	n, now := slices.Index(s.Services, service), s.phase(end)
	if n < 0 {
		return out
	}
	level := s.level(n, l.last(window), now)
	if math.IsNaN(level) {
		return out
	}
	mean := demand.Mean(s.Rates[n])
	for h := range horizon {
		out.Rates[h] = s.expect(n, now, h+1, level)
		if at := s.at(n, now+h+1); at > peak*mean {
			if height := s.height(n, l, now, at); !math.IsNaN(height) {
				out.Rates[h] = at * height
			}
		}
		out.Trust[h] = gate(s.off(n, l, now, h+1, level)) * s.Worth[n][min(h, len(s.Carry)-1)]
	}
	out.Now = level * max(s.at(n, now-1), s.at(n, now), s.at(n, now+1))
	return out
}

const (
	// peak is the share of the mean of a profile above which it has a peak.
	peak = 1.5
	// alike is the ratio within which heights of a profile are those of one peak.
	alike = 1.25
	// enough is the least number of steps that show how high a peak is.
	enough = 4
)

// height returns how high a window shows the peaks of service n, as a share of the profile
// where that is about as high as given: the median, NaN of too few steps or where it is
// another peak. A history in which every peak saturated the application does not know, and
// the last peak may.
func (s *Season) height(n int, l Load, now int, given float64) float64 {
	var shares []float64
	for t, v := range l.Rates {
		at := s.at(n, now-(len(l.Rates)-1-t))
		if !math.IsNaN(v) && !l.bound(t) && at > given/alike && at < given*alike {
			shares = append(shares, v/at)
		}
	}
	if len(shares) < enough {
		return math.NaN()
	}
	slices.Sort(shares)
	if median := shares[len(shares)/2]; median > 1/hidden && median < hidden {
		return median
	}
	return math.NaN()
}

// Expect returns the rate of a service that [Season.Ahead] expects so many steps after the
// end of a window, trusted or not; NaN where it expects none.
func (s *Season) Expect(service string, l Load, end time.Time, ahead int) float64 {
	n := slices.Index(s.Services, service)
	if n < 0 {
		return math.NaN()
	}
	now := s.phase(end)
	return s.expect(n, now, ahead, s.level(n, l.last(window), now))
}

// expect returns the rate of service n so many steps after a phase, given the level then.
func (s *Season) expect(n, now, ahead int, level float64) float64 {
	return s.at(n, now+ahead) * (1 + s.Carry[min(ahead, len(s.Carry))-1]*(level-1))
}

// quiet is added to rates and profile before a comparison, as a share of the mean of
// the profile: a few more requests at night are not another level.
const quiet = 0.05

// level returns the median of the rates of a window as shares of the profile: that of
// today against an average day, however some steps differ. A lower bound says nothing of the
// level while the profile is above it. NaN of fewer than two.
func (s *Season) level(n int, l Load, now int) float64 {
	var shares []float64
	floor := 0.0
	for _, v := range s.Rates[n] {
		floor += v
	}
	floor *= quiet / float64(len(s.Rates[n]))
	for t, v := range l.Rates {
		at := s.at(n, now-(len(l.Rates)-1-t))
		if p := at + floor; !math.IsNaN(v) && p > 0 {
			shares = append(shares, (l.meets(t, at)+floor)/p)
		}
	}
	if len(shares) < 2 {
		return math.NaN()
	}
	slices.Sort(shares)
	return (shares[(len(shares)-1)/2] + shares[len(shares)/2]) / 2
}

const (
	// span is the distance in steps between compared values of a window.
	span = 6
	// tolerance is the allowed error of a season in multiples of its spread.
	tolerance = 1.2
	// least is the spread that any season is allowed: noise and the phases of scrapes differ
	// from day to day.
	least = 0.2
	// misaligned is the number of steps by which a profile may be early or late.
	misaligned = 2
	// steepness is the rate at which a gate closes beyond it.
	steepness = 2
)

// gate returns the reliability of an expectation: 1 while the same expectations, and the
// changes among them, were off by no more than is tolerated, down to 0 where they were
// half more.
func gate(off float64) float64 {
	return max(0, min(1, 1+steepness-steepness*off/tolerance))
}

// off returns the error of the expectation so many steps ahead in the window, in levels
// or in changes, as a multiple of the usual one. The profile may be early or late by two
// steps, since scrapes are not aligned to it. A lower bound is off only where the season
// expects less.
func (s *Season) off(n int, l Load, now, ahead int, level float64) float64 {
	levels, changes, usual, pairs := 0.0, 0.0, 0.0, 0.0
	spread := max(least, s.Spread[n][min(ahead, len(s.Carry))-1])
	low, high := make([]float64, len(l.Rates)), make([]float64, len(l.Rates))
	for t, v := range l.Rates {
		then := now - (len(l.Rates) - 1 - t) - ahead
		at := s.expect(n, then, ahead, level)
		low[t], high[t] = at, at
		for d := -misaligned; d <= misaligned; d++ {
			near := s.expect(n, then+d, ahead, level)
			low[t], high[t] = min(low[t], near), max(high[t], near)
		}
		if math.IsNaN(v) {
			continue
		}
		levels += beyond(l.meets(t, low[t]), low[t], high[t])
		usual += spread * at
		if t >= span && !math.IsNaN(l.Rates[t-span]) {
			changes += beyond(l.meets(t, low[t])-l.meets(t-span, low[t-span]), low[t]-high[t-span], high[t]-low[t-span])
			pairs += spread * at
		}
	}
	off := 0.0
	if levels > 0 {
		off = levels / usual
	}
	if changes > 0 {
		off = max(off, changes/pairs)
	}
	return off
}

// beyond returns the distance of a value from a range.
func beyond(v, low, high float64) float64 { return max(0, low-v, v-high) }
