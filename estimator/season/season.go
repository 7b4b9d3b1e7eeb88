// Package season fits how the load of an application recurs, and forecasts the
// coming steps from it.
//
// A season is a profile of the requests of every service over one period. It is fitted
// on history, stored in the model file, and combined with a window of a few steps,
// which determines its reliability. All functions are pure.
package season

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Season describes how the requests of N services recur.
type Season struct {
	// Services are the rows by name, length N.
	Services []string
	// Step is Δ. Origin is the time of phase 0, and Period the steps until phase 0 comes
	// again.
	Step   time.Duration
	Origin time.Time
	Period int
	// Width is the number of steps of a bin of the profile; more than 1 where the period
	// is long.
	Width int
	// Carry is the share of the level of a window, as far as it differs from the profile,
	// that is left so many steps later, from 0 to 1. Later ones are like the last.
	Carry []float64
	// Rates are the requests per second expected in each of ⌈Period/Width⌉ bins, [N][bins].
	Rates [][]float64
	// Spread is the mean distance of requests from what is expected so many steps ahead, as
	// a share of the profile, [N][H], in cycles that it was not fitted on.
	Spread [][]float64
	// Worth is the weight of the profile at so many steps ahead, from 0 to 1, [N][H]: the
	// slope of changes that happened against those that it expected, in cycles that it
	// was not fitted on. Later steps are like the last.
	Worth [][]float64
}

// mostBins bounds the size of a profile: a day at steps of 30 s.
const mostBins = 2880

// Validate reports a season whose parts do not fit together.
func (s *Season) Validate() error {
	n := len(s.Services)
	switch {
	case s.Step <= 0:
		return fmt.Errorf("season has steps of %v, want more than 0", s.Step)
	case s.Period < 2 || s.Width < 1 || s.Width > s.Period || (s.Period-1)/s.Width >= mostBins:
		return fmt.Errorf("season has a period of %d steps and bins of %d, want at least 2 steps in at most %d bins", s.Period, s.Width, mostBins)
	case len(s.Carry) == 0 || !shares(s.Carry):
		return fmt.Errorf("season carries the shares %v of a level on, want at least one from 0 to 1", s.Carry)
	case len(s.Rates) != n || len(s.Spread) != n || len(s.Worth) != n:
		return fmt.Errorf("season of %d services has %d profiles, %d spreads and %d worths", n, len(s.Rates), len(s.Spread), len(s.Worth))
	}
	for i, name := range s.Services {
		if len(s.Rates[i]) != s.bins() {
			return fmt.Errorf("season of %q has %d bins, want %d", name, len(s.Rates[i]), s.bins())
		}
		if slices.ContainsFunc(s.Rates[i], func(v float64) bool { return !(v >= 0) || math.IsInf(v, 1) }) {
			return fmt.Errorf("season of %q has a rate that is negative or no number", name)
		}
		if len(s.Spread[i]) != len(s.Carry) || slices.ContainsFunc(s.Spread[i], func(v float64) bool { return !(v >= 0) || math.IsInf(v, 1) }) {
			return fmt.Errorf("season of %q has the spreads %v, want %d of at least 0", name, s.Spread[i], len(s.Carry))
		}
		if !shares(s.Worth[i]) || len(s.Worth[i]) != len(s.Carry) {
			return fmt.Errorf("season of %q has the worths %v, want %d from 0 to 1", name, s.Worth[i], len(s.Carry))
		}
	}
	return nil
}

// shares reports whether all values are from 0 to 1.
func shares(values []float64) bool {
	return !slices.ContainsFunc(values, func(v float64) bool { return !(v >= 0 && v <= 1) })
}

// Duration returns the period.
func (s *Season) Duration() time.Duration { return time.Duration(s.Period) * s.Step }

func (s *Season) bins() int { return (s.Period + s.Width - 1) / s.Width }

// phase returns the step of the period that a time falls into.
func (s *Season) phase(t time.Time) int {
	steps := int(math.Round(float64(t.Sub(s.Origin)) / float64(s.Step)))
	return wrap(steps, s.Period)
}

func wrap(i, n int) int { return ((i % n) + n) % n }

// at returns the profile of service n at a phase, interpolated between the middles of
// bins.
func (s *Season) at(n, phase int) float64 {
	phase = wrap(phase, s.Period)
	if s.Width == 1 {
		return s.Rates[n][phase]
	}
	x := (float64(phase)+0.5)/float64(s.Width) - 0.5
	low := math.Floor(x)
	a, b := s.Rates[n][wrap(int(low), s.bins())], s.Rates[n][wrap(int(low)+1, s.bins())]
	return a + (x-low)*(b-a)
}
