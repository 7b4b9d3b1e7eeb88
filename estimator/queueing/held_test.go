package queueing

import (
	"math"
	"testing"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/estimator/season"
)

// held returns what the services of a chain keep, for as many steps each.
func held(t *testing.T, w *estimator.Window, s Season, steps ...int) []float64 {
	t.Helper()
	c := DefaultConfig()
	c.Season = s
	a, err := NewAnalytic(c, 12)
	if err != nil {
		t.Fatal(err)
	}
	got, err := new(Keeper).Held(t.Context(), a, w, steps)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// fallen returns a window at whose last so many steps the load is a quarter of that before.
func fallen(steps int) *estimator.Window { return fallenTo(20, steps) }

// fallenTo returns a window at whose last so many steps the load is that instead of 80.
func fallenTo(load float64, steps int) *estimator.Window {
	m := chainModel()
	for t := range 24 {
		rate := 80.0
		if t >= 24-steps {
			rate = load
		}
		m.advance(entry("a", rate))
	}
	return m.window(24, m.graph(entry("a", load), false))
}

func TestHeldIsTheHighestForecastOfTheSteps(t *testing.T) {
	for name, c := range map[string]struct {
		w     *estimator.Window
		steps int
		of    float64 // the load whose need is held
	}{
		"the load stays":           {fallen(0), 10, 80},
		"it fell a lead time ago":  {fallen(3), 8, 80},
		"it fell within the hold":  {fallenTo(40, 7), 8, 80},
		"it fell before":           {fallen(16), 4, 20},
		"longer than the window":   {fallenTo(40, 20), 400, 80},
		"an autoscaler of its own": {fallen(7), 0, math.NaN()},
	} {
		want := []float64{math.NaN(), math.NaN(), math.NaN()}
		if c.steps > 0 {
			want = needs(t, newHAB(t), after(chainModel(), 12, entry("a", c.of), false))
		}
		for n, got := range held(t, c.w, nil, c.steps, c.steps, c.steps) {
			if !(math.Abs(got/want[n]-1) < 0.05) && !(math.IsNaN(got) && math.IsNaN(want[n])) {
				t.Errorf("%s: service %d keeps %.3g replicas, want %.3g", name, n, got, want[n])
			}
		}
	}
}

// TestHeldIsAMultipleOfTheForecast: of a load from which more than [surge] times the present one
// fell, that much is held, once two lead times have passed.
func TestHeldIsAMultipleOfTheForecast(t *testing.T) {
	whole := 2 * plan.Steps(DefaultConfig().LeadTime, fallen(0).Step)
	for _, fell := range []int{1, whole - 1, whole, 7, 12} {
		w := fallenTo(16, fell)
		before, now := held(t, fallen(0), nil, 8, 8, 8), held(t, w, nil, 1, 1, 1)
		lately := held(t, w, nil, whole, whole, whole)
		for n, got := range held(t, w, nil, 20, 20, 20) {
			want := max(lately[n], min(before[n], surge*now[n]))
			if fell < whole {
				want = before[n]
			}
			if !near(got, want, 0.05) {
				t.Errorf("%d steps after the fall service %d keeps %.3g replicas, want %.3g", fell, n, got, want)
			}
		}
	}
}

// A load that ceases is held whole: what sends it fails, and works again at once.
func TestALoadThatCeasesIsHeldWhole(t *testing.T) {
	before := held(t, fallen(0), nil, 8, 8, 8)
	for _, left := range []float64{0, 1, 4} {
		for n, got := range held(t, fallenTo(left, 12), nil, 20, 20, 20) {
			if !near(got, before[n], 0.05) {
				t.Errorf("with %g requests/s left service %d keeps %.3g replicas, want %.3g", left, n, got, before[n])
			}
		}
	}
}

func TestHeldIsOfEachServiceByItself(t *testing.T) {
	w := fallen(7)
	all, some := held(t, w, nil, 8, 8, 8), held(t, w, nil, 8, 0, 1)
	now := needs(t, newHAB(t), w)
	if some[0] != all[0] || !math.IsNaN(some[1]) || !(some[2] < all[2]/2) || !near(some[2], now[2], 0.3) {
		t.Errorf("held %.3g for 8, 0 and 1 steps, want %.3g, NaN and about %.3g", some, all[0], now[2])
	}
}

func TestHeldFollowsABelievedSeason(t *testing.T) {
	expects := func(trust float64) Season {
		return always(season.Outlook{Rates: []float64{20}, Now: 20, Trust: []float64{trust}})
	}
	w := fallen(7)
	most, least := held(t, w, nil, 8, 8, 8), held(t, w, expects(1), 8, 8, 8)
	half := held(t, w, expects(0.5), 8, 8, 8)
	now := needs(t, newHAB(t, func(c *Config) { c.Season = expects(1) }), w)
	for n := range most {
		if !near(least[n], now[n], 0.1) {
			t.Errorf("service %d keeps %.3g replicas, want the %.3g of its forecast: the season expects the fall", n, least[n], now[n])
		}
		if !(half[n] > 1.2*least[n] && half[n] < 0.9*most[n]) {
			t.Errorf("service %d keeps %.3g replicas under a season that is half believed, want between %.3g and %.3g", n, half[n], least[n], most[n])
		}
	}
}

// TestHeldWhileTheLoadIsHidden: behind a queue nobody sees what the season should expect.
func TestHeldWhileTheLoadIsHidden(t *testing.T) {
	w := fallen(7)
	for n := range w.Services {
		w.Set(n, w.Steps-1, w.Channel(estimator.CPU), 0.95)
	}
	w.Set(0, w.Steps-1, w.Channel(estimator.Latency), 2)
	believed := always(season.Outlook{Rates: []float64{20}, Now: 20, Trust: []float64{1}})
	got, want := held(t, w, believed, 8, 8, 8), held(t, fallen(7), nil, 8, 8, 8)
	for n := range got {
		if !(got[n] >= 0.9*want[n]) {
			t.Errorf("service %d keeps %.3g replicas, want %.3g at least", n, got[n], 0.9*want[n])
		}
	}
}

func TestHeldNeedsAForecast(t *testing.T) {
	w := fallen(7)
	for s := range w.Steps {
		w.Set(1, s, w.Channel(estimator.CPU), math.NaN())
	}
	if got := held(t, w, nil, 8, 8, 8); math.IsNaN(got[0]) || !math.IsNaN(got[1]) {
		t.Errorf("held %.3g, want NaN for the second service, whose CPU is not known", got)
	}
}

// TestKeeperRemembers: a keeper that saw each step keeps what a new one forecasts again.
func TestKeeperRemembers(t *testing.T) {
	a, err := NewAnalytic(DefaultConfig(), 12)
	if err != nil {
		t.Fatal(err)
	}
	var k Keeper
	w := fallen(7)
	for to := 12; to <= w.Steps; to++ {
		seen := w.Slice(estimator.Range{To: to})
		steps := []int{8, 8, 8}
		got, err := k.Held(t.Context(), a, seen, steps)
		if err != nil {
			t.Fatal(err)
		}
		want, err := new(Keeper).Held(t.Context(), a, seen, steps)
		if err != nil {
			t.Fatal(err)
		}
		for n := range got {
			if !near(got[n], want[n], 1e-9) {
				t.Errorf("after %d steps service %d keeps %v replicas, want %v", to, n, got[n], want[n])
			}
		}
		if len(k.past) > 10 {
			t.Fatalf("%d forecasts are remembered of 8 steps", len(k.past))
		}
	}
	fewer := *w
	fewer.Services = []estimator.Service{w.Services[1], w.Services[0], w.Services[2]}
	if got, err := k.Held(t.Context(), a, &fewer, []int{8, 8, 8}); err != nil || len(got) != 3 || len(k.past) != 8 {
		t.Errorf("%v, %v and %d forecasts after the services changed, want those of 8 steps", got, err, len(k.past))
	}
}
