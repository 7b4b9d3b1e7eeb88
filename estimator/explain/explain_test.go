package explain

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator"
)

// sum needs, for every service, a weighted sum of the newest requests of all.
type sum struct{ weights [][]float64 }

func (s sum) Estimate(_ context.Context, w *estimator.Window) (*estimator.Forecast, error) {
	f := estimator.NewForecast(w.Services, 2, w.Step)
	for n := range w.Services {
		v := 0.0
		for m, weight := range s.weights[n] {
			v += weight * w.At(m, w.Steps-1, 0)
		}
		f.Set(n, 0, v)
		f.Set(n, 1, v/2)
	}
	return f, nil
}

func (sum) Steps() int { return 1 }

func (sum) Outside(*estimator.Window) ([]float64, error) { return nil, nil }

// EstimateAt is twice as much, and at the quantile 0.9 three times.
func (s sum) EstimateAt(ctx context.Context, w *estimator.Window, _ []int, quantiles []float64) ([][]*estimator.Forecast, error) {
	all := make([]*estimator.Forecast, len(quantiles))
	for i, q := range quantiles {
		f, err := s.Estimate(ctx, w)
		if err != nil {
			return nil, err
		}
		for k := range f.Replicas {
			f.Replicas[k] *= 2
			if q == 0.9 {
				f.Replicas[k] *= 1.5
			}
		}
		all[i] = f
	}
	return [][]*estimator.Forecast{all}, nil
}

// silent has no forecast.
type silent struct{}

func (silent) Estimate(context.Context, *estimator.Window) (*estimator.Forecast, error) {
	return nil, estimator.ErrInsufficientData
}

// surge is a window in which web doubled its requests in the last two of six steps, and
// cart is as ever.
func surge() *estimator.Window {
	w := estimator.NewWindow([]estimator.Service{{Name: "cart"}, {Name: "web"}}, []estimator.Feature{estimator.Requests}, 6, time.Second, time.Unix(6, 0))
	for t := range w.Steps {
		w.Set(0, t, 0, 50)
		w.Set(1, t, 0, 100)
	}
	w.Set(1, 4, 0, 200)
	w.Set(1, 5, 0, 200)
	return w
}

func TestEffects(t *testing.T) {
	s := sum{[][]float64{{0.1, 0.01}, {0, 0.02}}}
	w := surge()
	c := &Case{Window: w, Lead: 2, Network: s, Quantile: 0.9, Theory: s}
	for _, byNetwork := range []bool{false, true} {
		got, err := c.Effects(t.Context(), 0, byNetwork, []int{0, 1})
		if err != nil {
			t.Fatal(err)
		}
		want := []Effect{{0, 0}, {1, 1}}
		if byNetwork {
			want[1].Replicas = 3
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
			t.Errorf("by the network %v (-want +got):\n%s", byNetwork, diff)
		}
	}
	if w.At(1, 5, 0) != 200 {
		t.Error("the window of the case was changed")
	}
}

func TestLook(t *testing.T) {
	s := sum{[][]float64{{0.1, 0.01}, {0, 0.02}}}
	c := &Case{Window: surge(), Lead: 2, Network: s, Theory: s, Plain: silent{}}
	o, err := c.Look(t.Context(), []float64{0.5, 0.9})
	if err != nil {
		t.Fatal(err)
	}
	got := []float64{o.Theory.Highest(0, 2), o.Network[0].Highest(0, 2), o.Network[1].Highest(0, 2), o.Plain.Highest(0, 2)}
	if diff := cmp.Diff([]float64{7, 14, 21, math.NaN()}, got, cmpopts.EquateApprox(0, 1e-12), cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("needs (-want +got):\n%s", diff)
	}
	c.Network = nil
	if o, err = c.Look(t.Context(), []float64{0.5}); err != nil || o.Network != nil || o.Levels != nil {
		t.Errorf("forecasts of no model: %+v, %v", o, err)
	}
}
