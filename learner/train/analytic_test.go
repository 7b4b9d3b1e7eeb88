package train_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/features"
	"github.com/deepscaler/deepscaler/estimator/queueing"
)

// A model is measured from what serves without it, which plans for the utilisation and
// with the headroom that the operator has set.
func TestAnalyticForecastsAreThoseThatServe(t *testing.T) {
	o := quick(t)
	o.History, o.Edges = scaled(300), nil
	o.Samples.Target, o.Samples.Features, o.Samples.Anchor = estimator.Replicas, nil, features.AnchorAnalytic
	o.Learning.Epochs = 1
	want := queueing.DefaultConfig()
	want.MinUtilisation, want.MaxUtilisation, want.Headroom = 0.3, 0.6, 1.5
	o.Label.MinUtilisation, o.Label.MaxUtilisation, o.Headroom = want.MinUtilisation, want.MaxUtilisation, want.Headroom
	_, a := o.must(t)
	if diff := cmp.Diff(&want, a.Scaler.Analytic); diff != "" {
		t.Errorf("analytic forecasts (-served +learned):\n%s", diff)
	}
}
