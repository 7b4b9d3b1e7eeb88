package model

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator"
)

// Several forecasts at once are those of single estimates on shorter windows.
func TestEstimateAt(t *testing.T) {
	names := numbered(3)
	a := untrained(t, names)
	a.Quantiles = []float64{0.5, 0.9}
	redraw(t, a)
	e, w := mustEstimator(t, a), observed(9, names...)
	all, err := e.EstimateAt(t.Context(), w, []int{9, 6, 4, 3}, []float64{0, 0.7, 0.9})
	if err != nil {
		t.Fatal(err)
	}
	for i, steps := range []int{9, 6, 4} {
		for j, quantile := range []float64{0.5, 0.7, 0.9} {
			single, err := e.At(quantile)
			if err != nil {
				t.Fatal(err)
			}
			want := mustEstimate(t, single, w.Slice(estimator.Range{To: steps}))
			if diff := cmp.Diff(want.Replicas, all[i][j].Replicas, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
				t.Errorf("%d steps, quantile %v (-single +several):\n%s", steps, quantile, diff)
			}
		}
	}
	if all[3][0] != nil {
		t.Error("a forecast from less than the model looks back")
	}
	if cmp.Equal(all[0][0].Replicas, all[1][0].Replicas) || cmp.Equal(all[0][0].Replicas, all[0][2].Replicas) {
		t.Error("forecasts from other steps or at other quantiles are the same")
	}
	w.Step *= 2
	if _, err := e.EstimateAt(t.Context(), w, []int{9}, []float64{0}); err == nil {
		t.Error("accepted a window with other steps")
	}
}
