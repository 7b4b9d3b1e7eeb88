package season_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/season"
)

// expected are the seasonal features of the tests.
func expected() []estimator.Feature {
	return []estimator.Feature{estimator.Seasonal(1), estimator.Seasonal(ahead)}
}

// annotated returns a history of bursts that come so many steps late, as a season expects
// it that was fitted on bursts in time.
func annotated(t *testing.T, late int) *estimator.Window {
	t.Helper()
	f, err := season.Fit(history(12*60, bursts), nil, ahead)
	if err != nil || f == nil {
		t.Fatalf("season %v, error %v", f, err)
	}
	w := history(4*60, func(t int) float64 { return bursts(t + 60 - late) })
	w.End = start().Add(16*60*step - step)
	return season.Annotate(w, f.Season, expected(), 0)
}

func TestAnnotateExpectsBursts(t *testing.T) {
	w := annotated(t, 0)
	c := w.Channel(estimator.Seasonal(ahead))
	for step := 60; step < w.Steps; step++ {
		for n, rate := range []float64{100, 200} {
			// From three steps before the burst, all of it is expected.
			if got := w.At(n, step, c); step%60 == 52-1 && !(got > 2*rate && got < 4*rate) {
				t.Errorf("service %d, step %d: a change of %v is expected before a burst of %v more", n, step, got, 3*rate)
			}
		}
	}
}

// Half a period late, the telemetry shows a burst where none was expected.
func TestAnnotateIsNeutralWhileTheSeasonIsWrong(t *testing.T) {
	w := annotated(t, 30)
	for step := 60; step < w.Steps; step++ {
		if phase := (step + 30) % 60; phase < 55 { // the burst is over, or new
			continue
		}
		for n := range w.Services {
			for _, f := range expected() {
				if got := w.At(n, step, w.Channel(f)); got != 0 {
					t.Errorf("service %d, step %d: %s is %v in an unforeseen burst, want 0", n, step, f, got)
				}
			}
		}
	}
}

// A load that grows for an hour looks the same at any time, for minutes.
func TestAnnotateTellsSlowSeasonsApart(t *testing.T) {
	const period = 4 * hour
	f, err := season.Fit(history(6*period, sine(period)), nil, ahead)
	if err != nil || f == nil {
		t.Fatalf("season %v, error %v", f, err)
	}
	for _, late := range []int{0, period / 4, period / 2, 3 * period / 4} {
		w := history(period, func(t int) float64 { return sine(period)(t - late) })
		w.End = w.End.Add(6 * period * step)
		w = season.Annotate(w, f.Season, expected(), 0)
		shown, c := 0, w.Channel(estimator.Seasonal(ahead))
		for step := season.Lookback; step < w.Steps; step++ {
			if w.At(0, step, c) != 0 {
				shown++
			}
		}
		if all := w.Steps - season.Lookback; late == 0 && shown < all/2 || late > 0 && shown > all/20 {
			t.Errorf("%d steps late: the season is shown at %d of %d steps", late, shown, all)
		}
	}
}

func TestAnnotateWithoutSeason(t *testing.T) {
	w := history(60, bursts)
	w.Set(1, 40, 1, math.NaN())
	got := season.Annotate(w, nil, expected(), 0)
	for step := range w.Steps {
		for n := range w.Services {
			want := 0.0
			if step < 12-1 || n == 1 && step == 40 {
				want = math.NaN()
			}
			for _, f := range expected() {
				if v := got.At(n, step, got.Channel(f)); !(v == want || math.IsNaN(v) && math.IsNaN(want)) {
					t.Errorf("service %d, step %d: %s is %v, want %v", n, step, f, v, want)
				}
			}
		}
	}
	same, err := got.Select(w.Features)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(w, same, cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("other features changed (-before +after):\n%s", diff)
	}
	if last := season.Annotate(w, nil, expected(), 50); !math.IsNaN(last.At(0, 49, 2)) || last.At(0, 50, 2) != 0 {
		t.Error("features are to begin at step 50")
	}
}

// A served window is a part of the history, and has the same values.
func TestAnnotateLooksBackNoFurther(t *testing.T) {
	all := history(12*60, bursts)
	f, err := season.Fit(all, nil, ahead)
	if err != nil || f == nil {
		t.Fatalf("season %v, error %v", f, err)
	}
	whole := season.Annotate(all, f.Season, expected(), 0)
	const from, to = 300, 500
	part := season.Annotate(all.Slice(estimator.Range{From: from, To: to}), f.Season, expected(), season.Lookback-1)
	for step := season.Lookback - 1; step < to-from; step++ {
		if diff := cmp.Diff(whole.Row(0, from+step), part.Row(0, step), cmpopts.EquateNaNs()); diff != "" {
			t.Fatalf("step %d (-history +window):\n%s", from+step, diff)
		}
	}
	if got := whole.Time(from).Sub(start()); got != from*step || step != 30*time.Second {
		t.Fatalf("the window begins %v after the history", got)
	}
}
