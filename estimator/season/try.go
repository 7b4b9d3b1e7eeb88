package season

import (
	"math"
	"slices"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
)

const (
	// window is how many steps a season is tried with: τ by default.
	window = 12
	// trials is about how many steps a season is tried at.
	trials = 2048
)

// Fitted is a season and what it is without each of the cycles that it was fitted on.
type Fitted struct {
	*Season

	folds []*Season
}

// newFitted fits profiles of a period to the series of services.
func newFitted(history *estimator.Window, services []string, series []Load, period, ahead int) *Fitted {
	s := &Season{
		Services: services, Step: history.Step, Origin: history.Start().UTC(), Period: period,
		Width:  (period + mostBins - 1) / mostBins,
		Carry:  make([]float64, ahead),
		Spread: make([][]float64, len(series)), Worth: make([][]float64, len(series)),
	}
	f := &Fitted{Season: s}
	for range (history.Steps + period - 1) / period {
		fold := *s // sharing carry, spread and worth
		f.folds = append(f.folds, &fold)
	}
	for _, load := range series {
		all, without := profiles(load, period, s.Width)
		s.Rates = append(s.Rates, all)
		for c, fold := range f.folds {
			fold.Rates = append(fold.Rates, without[c])
		}
	}
	return f
}

// smooth returns the same with profiles that are averaged over so many steps to either side.
func (f *Fitted) smooth(steps int) *Fitted {
	return f.with(func(profile []float64) []float64 { return smoothed(profile, steps/f.Width) })
}

// flat returns the same without a profile: the mean at all times.
func (f *Fitted) flat() *Fitted {
	return f.with(func(profile []float64) []float64 { return slices.Repeat([]float64{demand.Mean(profile)}, len(profile)) })
}

// with returns the same with other profiles, to be judged anew.
func (f *Fitted) with(change func([]float64) []float64) *Fitted {
	carry, spread, worth := make([]float64, len(f.Carry)), make([][]float64, len(f.Services)), make([][]float64, len(f.Services))
	of := func(s *Season) *Season {
		out := *s
		out.Carry, out.Spread, out.Worth, out.Rates = carry, spread, worth, nil
		for _, profile := range s.Rates {
			out.Rates = append(out.Rates, change(profile))
		}
		return &out
	}
	out := &Fitted{Season: of(f.Season)}
	for _, fold := range f.folds {
		out.folds = append(out.folds, of(fold))
	}
	return out
}

// Unseen returns the season without the cycle of a time. So it is no better for
// the history than for the future.
func (f *Fitted) Unseen(t time.Time) *Season {
	step := int(math.Round(float64(t.Sub(f.Origin)) / float64(f.Step)))
	if c := step / f.Period; step >= 0 && c < len(f.folds) {
		return f.folds[c]
	}
	return f.Season
}

// Ahead is [Season.Ahead] of the season without the cycle of the end of the window.
func (f *Fitted) Ahead(service string, l Load, end time.Time, horizon int) Outlook {
	return f.Unseen(end).Ahead(service, l, end, horizon)
}

// Expect is [Season.Expect] of the season without the cycle of the end of the window.
func (f *Fitted) Expect(service string, l Load, end time.Time, ahead int) float64 {
	return f.Unseen(end).Expect(service, l, end, ahead)
}

// changes are those that were expected and those that happened.
type changes struct{ expected, happened []float64 }

func (c *changes) add(expected, happened float64) {
	c.expected, c.happened = append(c.expected, expected), append(c.happened, happened)
}

// each calls try with windows of service n all over the history and what came so many steps
// later, and the season that did not see that.
func (f *Fitted) each(l Load, n, ahead int, try func(s *Season, end int, level float64)) {
	rates := l.Rates
	for end := window; end+ahead <= len(rates); end += 1 + len(rates)/trials {
		s := f.folds[(end-1+ahead)/f.Period]
		level := s.level(n, l.slice(end-window, end), end-1)
		if !math.IsNaN(level + rates[end-1] + rates[end-1+ahead]) {
			try(s, end, level)
		}
	}
}

// lasting is the difference from the profile, as a share of it, that is taken to last until
// the history shows otherwise.
const lasting = 0.05

// carry finds how long levels last.
func (f *Fitted) carry(n int, l Load) {
	for h := range f.Carry {
		var excess changes
		f.each(l, n, h+1, func(s *Season, end int, level float64) {
			profile := s.at(n, end+h)
			excess.add((level-1)*profile, l.meets(end+h, level*profile)-profile)
			excess.add(lasting*profile, lasting*profile)
		})
		f.Carry[h] = excess.slope()
	}
}

// try forecasts so many steps ahead from windows all over the history.
func (f *Fitted) try(n int, l Load, ahead int) *changes {
	var c changes
	f.each(l, n, ahead, func(s *Season, end int, level float64) {
		now, expected := l.Rates[end-1], s.expect(n, end-1, ahead, level)
		c.add(expected-now, l.meets(end-1+ahead, expected)-now)
	})
	return &c
}

// slope is that of the changes that happened against the expected ones, through 0
// and from 0 to 1.
func (c *changes) slope() float64 {
	xy, xx := 0.0, 0.0
	for i, x := range c.expected {
		xy += x * c.happened[i]
		xx += x * x
	}
	if xx == 0 {
		return 0
	}
	return max(0, min(1, xy/xx))
}

// error returns the sum of the absolute errors of the expected changes, followed as far
// as they deserve; with the slope 0, that of "as it is".
func (c *changes) error() float64 {
	slope, sum := c.slope(), 0.0
	for i, x := range c.expected {
		sum += math.Abs(c.happened[i] - slope*x)
	}
	return sum
}

// judge sets the spreads and the worths of service n. Where a flat profile is as good, the
// season is worth nothing.
func (f *Fitted) judge(n int, l Load, flat *Fitted) {
	f.Spread[n], f.Worth[n] = make([]float64, len(f.Carry)), make([]float64, len(f.Carry))
	for h := range f.Worth[n] {
		off, all := 0.0, 0.0
		f.each(l, n, h+1, func(s *Season, end int, level float64) {
			expected := s.expect(n, end-1, h+1, level)
			off += math.Abs(l.meets(end+h, expected) - expected)
			all += expected
		})
		if all > 0 {
			f.Spread[n][h] = off / all
		}
		if c := f.try(n, l, h+1); c.error() < worthwhile*flat.try(n, l, h+1).error() {
			f.Worth[n][h] = c.slope()
		}
	}
}
