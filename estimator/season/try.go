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
	trials = 4096
)

// Fitted is a season and what it is without each of the cycles that it was fitted on.
type Fitted struct {
	*Season

	folds []*Season
}

// newFitted fits profiles of a period to the series of services.
func newFitted(history *estimator.Window, services []string, series [][]float64, period int) *Fitted {
	s := &Season{
		Services: services, Step: history.Step, Origin: history.Start().UTC(), Period: period,
		Width:  (period + mostBins - 1) / mostBins,
		Spread: make([]float64, len(series)), Worth: slices.Repeat([]float64{1}, len(series)),
	}
	f := &Fitted{Season: s}
	for range (history.Steps + period - 1) / period {
		fold := *s // sharing spread and worth
		f.folds = append(f.folds, &fold)
	}
	for _, rates := range series {
		all, without := profiles(rates, period, s.Width)
		s.Rates = append(s.Rates, all)
		for c, fold := range f.folds {
			fold.Rates = append(fold.Rates, without[c])
		}
	}
	return f
}

// smooth returns the same with profiles that are averaged over so many steps to either side.
func (f *Fitted) smooth(steps int) *Fitted {
	of := func(s *Season) *Season {
		out := *s
		out.Rates = nil
		for _, profile := range s.Rates {
			out.Rates = append(out.Rates, smoothed(profile, steps/s.Width))
		}
		return &out
	}
	out := &Fitted{Season: of(f.Season)}
	for _, fold := range f.folds {
		out.folds = append(out.folds, of(fold))
	}
	return out
}

// Unseen returns the season without the cycle of a time, so that what it says of
// the history is no better than what it says of the future.
func (f *Fitted) Unseen(t time.Time) *Season {
	step := int(math.Round(float64(t.Sub(f.Origin)) / float64(f.Step)))
	if c := step / f.Period; step >= 0 && c < len(f.folds) {
		return f.folds[c]
	}
	return f.Season
}

// Ahead is [Season.Ahead] of the season without the cycle of the end of the window.
func (f *Fitted) Ahead(service string, rates []float64, end time.Time, horizon int) Outlook {
	return f.Unseen(end).Ahead(service, rates, end, horizon)
}

// trial is how a season did on the cycles that it was not fitted on.
type trial struct {
	season, flat changes
	off, rates   float64 // Σ distances from the profile, and of the profile
}

// changes are those that were expected and those that happened.
type changes struct{ expected, happened []float64 }

func (c *changes) add(expected, happened float64) {
	c.expected, c.happened = append(c.expected, expected), append(c.happened, happened)
}

// try forecasts so many steps ahead from windows all over the history: by the season, and as
// if the median of the window went on.
func (f *Fitted) try(n int, rates []float64, ahead int) trial {
	var t trial
	for end := window; end+ahead <= len(rates); end += 1 + len(rates)/trials {
		now, then, seen := rates[end-1], rates[end-1+ahead], rates[end-window:end]
		s := f.folds[(end-1+ahead)/f.Period]
		level := s.level(n, seen, end-1)
		if math.IsNaN(now + then + level) {
			continue
		}
		profile := level * s.at(n, end-1)
		t.season.add(level*s.at(n, end-1+ahead)-now, then-now)
		t.flat.add(demand.Quantile(slices.Clone(seen), 0.5)-now, then-now)
		t.off += math.Abs(now - profile)
		t.rates += profile
	}
	return t
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

// worth returns how far the season is to be followed: not at all unless it is better than a
// forecast without one.
func (t *trial) worth() float64 {
	if t.season.error() < worthwhile*t.flat.error() {
		return t.season.slope()
	}
	return 0
}

// judge sets the spread and the worth of service n.
func (f *Fitted) judge(n int, t trial) {
	if f.Worth[n] = t.worth(); t.rates > 0 {
		f.Spread[n] = t.off / t.rates
	}
}
