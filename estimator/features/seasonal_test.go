package features

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator"
)

// A season that is missing expects no change: neither the last one it expected, nor the mean.
func TestMissingSeasonIsNeutral(t *testing.T) {
	p, err := New(Spec{
		Features: []estimator.Feature{estimator.Requests, estimator.Seasonal(3)}, Target: estimator.Requests, Anchor: AnchorChange,
		Inputs: &Scaler{Services: 1, Features: 2, Mean: []float64{100, 10}, Std: []float64{10, 5}},
		Labels: &Scaler{Services: 1, Features: 1, Mean: []float64{100}, Std: []float64{10}},
	})
	if err != nil {
		t.Fatal(err)
	}
	x := make([]float32, 6)
	p.Inputs(x, []float64{110, 20, nan, nan, 90, 0})
	if diff := cmp.Diff([]float32{1, 2, 1, -2, -1, -2}, x); diff != "" {
		t.Errorf("inputs (-want +got):\n%s", diff)
	}
}
