package model

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
)

// TestServicesAreFoundByName has a model in which every service has its own
// level.
func TestServicesAreFoundByName(t *testing.T) {
	tests := []struct {
		name     string
		services []string
		window   []string
		want     []float64
	}{
		{"by name in any namespace", []string{"a", "b"}, []string{"shop/a", "other/b"}, []float64{1, 2}},
		{"by namespace and name", []string{"x/a", "y/a"}, []string{"x/a", "y/a", "z/a"}, []float64{1, 2, nan}},
		{"the full name comes first", []string{"a", "y/a"}, []string{"x/a", "y/a"}, []float64{1, 2}},
		{"the full name is not the short one", []string{"x/a", "b"}, []string{"y/a", "x/b"}, []float64{nan, 2}},
		{"without a namespace", []string{"a", "x/b"}, []string{"/a", "/b"}, []float64{1, nan}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			a := untrained(t, tc.services)
			constant(t, a, 0, 0, 0)
			for n := range a.Services {
				a.Scaler.TargetMean[n] = float64(n + 1)
			}
			f := mustEstimate(t, mustEstimator(t, a), observed(4, tc.window...))
			var got []float64
			for n := range f.Services {
				got = append(got, f.At(n, 0))
			}
			if diff := cmp.Diff(tc.want, got, cmpopts.EquateNaNs()); diff != "" {
				t.Errorf("rows differ (-want +got):\n%s", diff)
			}
		})
	}
}

// TestOrderOfServicesDoesNotMatter shuffles the rows of windows with gaps: to the
// last bit, a service gets the same forecast.
func TestOrderOfServicesDoesNotMatter(t *testing.T) {
	each(t, func(t *testing.T, a *artifact.Model) {
		e := mustEstimator(t, a)
		rng := rand.New(rand.NewPCG(5, 5))
		for range 20 {
			w := observed(5, append(numbered(5)[1:], "stranger")...)
			for i := range w.Values {
				w.Values[i] = 5 * rng.Float64()
				if rng.IntN(2) == 0 {
					w.Values[i] = nan
				}
			}
			order := rng.Perm(len(w.Services))
			shuffled := estimator.NewWindow(slices.Clone(w.Services), w.Features, w.Steps, w.Step, w.End)
			for to, from := range order {
				shuffled.Services[to] = w.Services[from]
				for step := range w.Steps {
					copy(shuffled.Row(to, step), w.Row(from, step))
				}
			}
			want, got := mustEstimate(t, e, w), mustEstimate(t, e, shuffled)
			for to, from := range order {
				a, b := want.Replicas[from*4:from*4+4], got.Replicas[to*4:to*4+4]
				if diff := cmp.Diff(a, b, cmpopts.EquateNaNs()); diff != "" {
					t.Fatalf("forecast of %v depends on its row (-there +shuffled):\n%s", w.Services[from], diff)
				}
			}
		}
	})
}

// TestHandoverServesTheRest is what NaN rows are for.
func TestHandoverServesTheRest(t *testing.T) {
	first, second := untrained(t, []string{"a"}), untrained(t, []string{"a", "b"})
	w := observed(4, "a", "b", "c")
	_, origin, err := estimator.First(mustEstimator(t, first), mustEstimator(t, second)).EstimateFrom(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{0, 1, -1}, origin.From); diff != "" {
		t.Errorf("services are served by (-want +got):\n%s", diff)
	}
}
