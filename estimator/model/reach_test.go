package model

import (
	"testing"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
)

// TestStrangeWindowPredictsTheAnchor has every input but the anchored replicas a thousand
// deviations from its mean.
func TestStrangeWindowPredictsTheAnchor(t *testing.T) {
	a := untrained(t, numbered(3))
	a.Scaler.Anchor = artifact.AnchorChange
	for n, means := range a.Scaler.Mean {
		low, high := make([]float64, len(means)), make([]float64, len(means))
		for c, mean := range means {
			low[c], high[c] = mean-3*a.Scaler.Std[n][c], mean+3*a.Scaler.Std[n][c]
		}
		a.Scaler.Low, a.Scaler.High = append(a.Scaler.Low, low), append(a.Scaler.High, high)
	}
	width := len(a.Services) * len(a.Features)
	usual := make([]float64, a.Window*width)
	for i := range usual {
		service, f := i%width/len(a.Features), i%len(a.Features)
		usual[i] = a.Scaler.Mean[service][f]
		if estimator.Feature(a.Features[f]) == estimator.Replicas {
			usual[i] = 4
		}
	}
	strange := append([]float64(nil), usual...)
	for i, v := range strange {
		if estimator.Feature(a.Features[i%len(a.Features)]) != estimator.Replicas {
			strange[i] = v + 1000*a.Scaler.Std[i%width/len(a.Features)][i%len(a.Features)]
		}
	}
	changed := false
	for i, v := range predict(t, a, strange) {
		if v != 4 {
			t.Errorf("output %d in a strange window is %v, want the last value, 4", i, v)
		}
		changed = changed || predict(t, a, usual)[i] != 4
	}
	if !changed {
		t.Error("the network predicts the last value in a usual window, too")
	}
}
