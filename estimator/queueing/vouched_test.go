package queueing

import (
	"math"
	"testing"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/season"
)

// expects is a season of a constant rate.
func expects(rate, trust float64) Season {
	return always(season.Outlook{Rates: []float64{rate}, Now: rate, Trust: []float64{trust}})
}

// vouchedFor returns the shares that a season vouches for at the end of a window.
func vouchedFor(t *testing.T, w *estimator.Window, s Season) []float64 {
	t.Helper()
	c := DefaultConfig()
	c.Season = s
	a, err := NewAnalytic(c, w.Steps)
	if err != nil {
		t.Fatal(err)
	}
	annotated, err := a.Annotate(t.Context(), w, 0, true)
	if err != nil {
		t.Fatal(err)
	}
	var shares []float64
	for n := range w.Services {
		shares = append(shares, annotated.At(n, w.Steps-1, annotated.Channel(estimator.Vouched)))
	}
	return shares
}

func TestSeasonVouchesForWhatItExpectsNow(t *testing.T) {
	usual := after(chainModel(), 12, entry("a", 60), false)
	queued := after(chainModel(), 12, entry("a", 60), false)
	queued.Set(0, queued.Steps-2, queued.Channel(estimator.Latency), 2)
	for name, c := range map[string]struct {
		w    *estimator.Window
		s    Season
		want float64
	}{
		"the load that it expects":     {usual, expects(60, 1), 1},
		"nearly as much":               {usual, expects(60, 0.9), 1},
		"half believed":                {usual, expects(60, 0.4), 0.5},
		"not believed":                 {usual, expects(60, 0), 0},
		"less than it expects":         {usual, expects(100, 1), 1},
		"four times as much":           {usual, expects(15, 1), 0.25 / mostly},
		"requests queued up meanwhile": {queued, expects(60, 1), 0},
	} {
		for n, got := range vouchedFor(t, c.w, c.s) {
			if !near(got, c.want, 0.02) {
				t.Errorf("%s: %.3g of the load of service %d is vouched for, want %.3g", name, got, n, c.want)
			}
		}
	}
}

// TestFallThatASeasonExpectsIsFollowedAtOnce: the level falls slowly only where the next rise
// may come at any time.
func TestFallThatASeasonExpectsIsFollowedAtOnce(t *testing.T) {
	for steps := 1; steps <= 3; steps++ {
		w := fallen(steps)
		slow := needs(t, newHAB(t), w)
		got := needs(t, newHAB(t, func(c *Config) { c.Season = expects(20, 1) }), w.Slice(estimator.Range{From: w.Steps - 2*steps, To: w.Steps}))
		want := needs(t, newHAB(t, func(c *Config) { c.Headroom *= 1 - spared }), after(chainModel(), 12, entry("a", (1+noise)*20), false))
		for n := range got {
			if !(got[n] < 0.9*slow[n]) || !near(got[n], want[n], 0.15) {
				t.Errorf("service %d needs %.3g %d steps after a fall that the season expects, want about %.3g instead of %.3g", n, got[n], steps, want[n], slow[n])
			}
		}
	}
}

func TestFallIsFollowedToTheMiddleOfTheWindow(t *testing.T) {
	for name, c := range map[string]struct {
		rates  []float64
		share  float64
		expect float64 // of a forecast of 80
	}{
		"most of the window was calm":     {[]float64{20, 20, 20, 20, 20, 80, 80, 20}, 1, 22},
		"half vouched for":                {[]float64{20, 20, 20, 20, 20, 80, 80, 20}, 0.5, 51},
		"pods that ended hide some of it": {[]float64{20, 20, 20, 20, 20, 80, 80, 10}, 1, 20},
		"most of the window was not":      {[]float64{80, 80, 80, 80, 80, 80, 20, 20}, 1, 80},
		"not vouched for":                 {[]float64{20, 20, 20, 20, 20, 80, 80, 20}, 0, 80},
		"missing samples":                 {[]float64{math.NaN(), 20, 20, 20, math.NaN(), 80, 80, 20}, 1, 22},
	} {
		forecast := []float64{80, 80}
		follow(forecast, c.rates, c.rates[len(c.rates)-1], c.share)
		for h, got := range forecast {
			if !near(got, c.expect, 1e-9) {
				t.Errorf("%s: %v in step %d, want %v", name, got, h, c.expect)
			}
		}
	}
}

// TestVouchedLoadNeedsLessHeadroom: headroom decides the replicas of small services.
func TestVouchedLoadNeedsLessHeadroom(t *testing.T) {
	m := chainModel()
	for step := range 24 {
		m.advance(entry("a", []float64{20, 60}[step/12]))
	}
	w := m.window(24, m.graph(entry("a", 60), false))
	with := func(headroom float64, s Season) []float64 {
		return needs(t, newHAB(t, func(c *Config) { c.Headroom, c.Season, c.MinUtilisation, c.MaxUtilisation = headroom, s, 0.95, 0.95 }), w)
	}
	all, none, vouched := with(0.5, nil), with(0, nil), with(0.5, expects(60, 1))
	for n, got := range vouched {
		if want := all[n] - spared*(all[n]-none[n]); !(all[n] > 1.2*none[n]) || !near(got, want, 0.04) {
			t.Errorf("service %d needs %.3g, want %.3g between %.3g and %.3g", n, got, want, none[n], all[n])
		}
	}
}
