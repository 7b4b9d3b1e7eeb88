package season_test

import (
	"math"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
	"github.com/deepscaler/deepscaler/estimator/season"
)

// saturated returns a history of bursts of which so many requests per second are answered in
// each cycle at service a, which calls b. Service a is slow while it answers less than arrives.
func saturated(answers ...float64) *estimator.Window {
	all := history(60*len(answers), bursts)
	w := estimator.NewWindow(all.Services, []estimator.Feature{estimator.Requests, estimator.Latency}, all.Steps, all.Step, all.End)
	for t := range w.Steps {
		came := all.At(0, t, 1)
		a := min(came, answers[t/60])
		w.Set(0, t, 0, a)
		w.Set(1, t, 0, all.At(1, t, 1)*a/came)
		w.Set(0, t, 1, 0.02)
		w.Set(1, t, 1, 0.01)
		if a < came {
			w.Set(0, t, 1, 9)
		}
	}
	return w
}

func TestSaturatedBurstsAreLowerBounds(t *testing.T) {
	const all = math.MaxFloat64
	for name, c := range map[string]struct {
		answers []float64
		burst   float64 // expected at a
	}{
		"never":                      {[]float64{all, all, all, all, all, all, all}, 400},
		"always, but less in others": {[]float64{150, 150, 300, 150, 150, 150, 150}, 450},
		"always":                     {[]float64{290, 300, 280, 300, 290, 280, 290}, 450},
		"in all but one":             {[]float64{150, 150, all, 150, 150, 150, 150}, 400},
		"in one":                     {[]float64{all, all, 150, all, all, all, all}, 400},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := season.Fit(saturated(c.answers...), []estimator.Edge{{Source: 0, Destination: 1, Weight: 2}}, ahead)
			if err != nil || f == nil {
				t.Fatalf("season %v, error %v", f, err)
			}
			for service, factor := range map[string]float64{"shop/a": 1, "shop/b": 2} {
				rates, end := seen(func(t int) float64 { return factor * bursts(t) }, 6000+50)
				if o := f.Season.Ahead(service, rates, end, ahead); math.Abs(o.Rates[2]/(c.burst*factor)-1) > 0.12 || o.Trust[2] < 0.8 {
					t.Errorf("%s: %.4g expected, trusted %.2f, want %v and 0.8 or more", service, o.Rates[2], o.Trust[2], c.burst*factor)
				}
			}
		})
	}
}

// A burst that saturates the application today is the one that the season expects.
func TestAheadOfASaturatedWindow(t *testing.T) {
	s := fitted(t).Season
	for name, c := range map[string]struct {
		answered float64
		shown    demand.Shown
		trusted  bool
	}{
		"all is answered":             {400, demand.Whole, true},
		"less comes":                  {120, demand.Whole, false},
		"less is answered, saturated": {120, demand.AtLeast, true},
		"more than ever, saturated":   {2000, demand.AtLeast, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := season.Load{Rates: make([]float64, 24), Shown: make([]demand.Shown, 24)}
			const until = 6000 + 57
			for i := range w.Rates {
				w.Rates[i] = bursts(until - 23 + i)
				if w.Rates[i] > 100 {
					w.Rates[i], w.Shown[i] = c.answered, c.shown
				}
			}
			o := s.Ahead("shop/a", w, start().Add(time.Duration(until)*step), ahead)
			if trusted := o.Trust[1] > 0.5; trusted != c.trusted {
				t.Errorf("trusted %.2f, want trusted: %v", o.Trust[1], c.trusted)
			}
			if off := math.Abs(o.Rates[1]/400 - 1); c.trusted && off > 0.1 {
				t.Errorf("%.4g expected, want 400", o.Rates[1])
			}
		})
	}
}
