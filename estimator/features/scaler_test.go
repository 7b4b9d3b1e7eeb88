package features

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator"
)

// series3 has the values of one feature of three services, by step.
func series3(rows ...[3]float64) *estimator.Window {
	w := estimator.NewWindow(services(3), []estimator.Feature{"x"}, len(rows), time.Minute, time.Unix(0, 0).UTC())
	w.Values = nil
	for _, r := range rows {
		w.Values = append(w.Values, r[:]...)
	}
	return w
}

func TestFit(t *testing.T) {
	for _, tc := range []struct {
		name      string
		mode      ScaleMode
		s         *estimator.Window
		mean, std []float64
	}{
		{"per service", ScalePerService, series3([3]float64{1, 10, 5}, [3]float64{3, 30, 5}), []float64{2, 20, 5}, []float64{1, 10, 1}},
		{"global", ScaleGlobal, series3([3]float64{1, 1, 4}, [3]float64{1, 1, 4}), []float64{2, 2, 2}, []float64{math.Sqrt2, math.Sqrt2, math.Sqrt2}},
		{"missing are ignored", ScalePerService, series3([3]float64{1, nan, 5}, [3]float64{3, 30, nan}, [3]float64{nan, 10, 7}), []float64{2, 20, 6}, []float64{1, 10, 1}},
		{"without data as all", ScalePerService, series3([3]float64{1, 1, nan}, [3]float64{5, 5, nan}), []float64{3, 3, 3}, []float64{2, 2, 2}},
		{"no data at all", ScaleGlobal, series3([3]float64{nan, nan, nan}), []float64{0, 0, 0}, []float64{1, 1, 1}},
		{"constant but for rounding", ScalePerService, series3([3]float64{0.1 + 0.2, 0, 1e300}, [3]float64{0.3, 0, 1e300}), []float64{0.3, 0, 1e300}, []float64{1, 1, 1}},
		{"huge", ScalePerService, series3([3]float64{1e308, -1e308, 0}, [3]float64{-1e308, -1e308, 1e-300}), []float64{0, -1e308, 5e-301}, []float64{1e308, 1, 5e-301}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			steps := tc.s.Steps
			// What comes after the training part must not count.
			tc.s.Values = append(tc.s.Values, 777, -777, 777)
			got, err := Fit(tc.s, estimator.Range{To: steps}, tc.mode)
			if err != nil {
				t.Fatal(err)
			}
			approx := cmpopts.EquateApprox(1e-12, 0)
			if diff := cmp.Diff(tc.mean, got.Mean, approx); diff != "" {
				t.Errorf("mean (-want +got):\n%s", diff)
			}
			// Squares of what is as small as 1e-300 vanish; then it counts as
			// constant.
			if tc.name == "huge" {
				tc.std[2] = 1
			}
			if diff := cmp.Diff(tc.std, got.Std, approx); diff != "" {
				t.Errorf("std (-want +got):\n%s", diff)
			}
			if err := got.Validate(); err != nil {
				t.Error(err)
			}
			for _, v := range []float64{math.MaxFloat64, -math.MaxFloat64, 1e-308, 0} {
				for n := range 3 {
					if scaled := float32(got.Apply(n, 0, v)); !(math.Abs(float64(scaled)) <= MaxScaled) {
						t.Errorf("%v of service %d is scaled to %v", v, n, scaled)
					}
				}
			}
		})
	}
	if _, err := Fit(series3([3]float64{1, 2, 3}), estimator.Range{To: 1}, "none"); err == nil {
		t.Error("an unknown mode is no error")
	}
}

func TestScalerInverts(t *testing.T) {
	s := random(rand.New(rand.NewPCG(7, 8)), 100, 5, 3)
	for _, mode := range []ScaleMode{ScalePerService, ScaleGlobal} {
		scaler, err := Fit(s, estimator.Range{To: 100}, mode)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range s.Values {
			n, c := i/3%5, i%3
			back := scaler.Invert(n, c, scaler.Apply(n, c, v))
			tolerance := 1e-12 * (math.Abs(scaler.Mean[n*3+c]) + scaler.Std[n*3+c])
			if math.IsNaN(v) != math.IsNaN(back) || math.Abs(v-back) > tolerance {
				t.Fatalf("%s: %v came back as %v", mode, v, back)
			}
		}
	}
}

func TestScalerValidate(t *testing.T) {
	for _, bad := range []Scaler{
		{},
		{Services: 1, Features: 2, Mean: []float64{0}, Std: []float64{1}},
		{Services: 1, Features: 1, Mean: []float64{0}, Std: []float64{0}},
		{Services: 1, Features: 1, Mean: []float64{nan}, Std: []float64{1}},
		{Services: 1, Features: 1, Mean: []float64{0}, Std: []float64{math.Inf(1)}},
	} {
		if bad.Validate() == nil {
			t.Errorf("%+v is valid", bad)
		}
	}
}
