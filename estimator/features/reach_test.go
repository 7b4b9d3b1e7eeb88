package features

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator"
)

// TestOutputsFadeOutOfReach has three services, each with requests from 0 to 10.
func TestOutputsFadeOutOfReach(t *testing.T) {
	names := []estimator.Feature{estimator.Requests, estimator.Memory, estimator.Analytic, estimator.Seasonal(2)}
	reach := Reach{}
	for range 3 {
		reach.Low, reach.High = append(reach.Low, 0, 0, 0, 0), append(reach.High, 10, 1, 5, 1)
	}
	for name, tt := range map[string]struct {
		requests, others []float64
		want             []float64
	}{
		"inside":                      {[]float64{0, 10, 5}, []float64{0, 0, 0}, []float64{1, 1, 1}},
		"missing":                     {[]float64{nan, nan, nan}, []float64{nan, nan, nan}, []float64{1, 1, 1}},
		"what says nothing does":      {[]float64{0, 10, 5}, []float64{50, -50, 50}, []float64{1, 1, 1}},
		"a quarter above":             {[]float64{12.5, 12.5, 12.5}, []float64{0, 0, 0}, []float64{0.5, 0.5, 0.5}},
		"far below":                   {[]float64{-100, -6, -5}, []float64{0, 0, 0}, []float64{0, 0, 0}},
		"one, which the others see":   {[]float64{5, 20, 5}, []float64{0, 0, 0}, []float64{2.0 / 3, 0, 2.0 / 3}},
		"one, which is unbounded now": {[]float64{5, math.MaxFloat64, 5}, []float64{0, 0, 0}, []float64{2.0 / 3, 0, 2.0 / 3}},
	} {
		step, got := []float64{}, make([]float64, 3)
		for n, v := range tt.requests {
			step = append(step, v, tt.others[n], tt.others[n], tt.others[n])
		}
		reach.open(names).kept(got, step)
		if diff := cmp.Diff(tt.want, got, cmpopts.EquateApprox(0, 1e-9)); diff != "" {
			t.Errorf("%s: shares to keep (-want +got):\n%s", name, diff)
		}
	}
}
