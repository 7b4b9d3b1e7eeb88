package train_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/model"
	"github.com/deepscaler/deepscaler/estimator/season"
	"github.com/deepscaler/deepscaler/learner/train"
)

// recurring has bursts of the requests every 40 steps.
func recurring(h *estimator.Window) {
	c := h.Channel(estimator.Requests)
	for step := range h.Steps {
		for n := range h.Services {
			rate := 100 + float64(step*7%5)
			if step%40 >= 34 {
				rate *= 4
			}
			h.Set(n, step, c, rate)
		}
	}
}

func TestSeasonIsAnInput(t *testing.T) {
	o := quick(t)
	o.History = walk(letters, 600) // long enough that nothing recurs by chance
	o.Samples.Features, o.Samples.Horizons = nil, []int{1, 3}
	before, _ := o.must(t)
	if want := estimator.FeatureNames(o.History.Features); !slices.Equal(before.Features, want) {
		t.Errorf("features %q of a random walk, want %q", before.Features, want)
	}
	recurring(o.History)
	report, a := o.must(t)
	want := append(slices.Clone(before.Features), "season+1", "season+3")
	if !slices.Equal(report.Features, want) || !slices.Equal(a.Features, want) {
		t.Fatalf("features %q, in the file %q, want %q", report.Features, a.Features, want)
	}
	// The errors of the last hour are differences of sums from the first step on, which is another one in
	// training: they are rounded otherwise.
	if diff := cmp.Diff(report.Test.Overall.Model, o.judged(t, a).Overall.Model, cmpopts.EquateApprox(1e-6, 0)); diff != "" {
		t.Errorf("errors in the backtest (-training +backtest):\n%s", diff)
	}

	// A model that is trained further keeps its inputs, even where nothing recurs any more.
	s, err := train.SpecOf(a)
	if err != nil {
		t.Fatal(err)
	}
	s.Learning, o.Spec, o.Parent = o.Learning, s, a
	s.Samples.Split = o.Samples.Split
	o.History = walk(letters, 600)
	if report, _ := o.must(t); !slices.Equal(report.Features, want) || report.Season != nil {
		t.Errorf("features %q, want %q without a season", report.Features, want)
	}
}

func TestChosenFeaturesStay(t *testing.T) {
	o := quick(t)
	recurring(o.History)
	if report, _ := o.must(t); report.Season == nil || !slices.Equal(report.Features, []string{"requests"}) {
		t.Errorf("features %q, want those that were chosen", report.Features)
	}
}

// The analytic forecast has the season already.
func TestAnalyticForecastsAreTheOnlySeason(t *testing.T) {
	o := quick(t)
	o.History, o.Edges = scaled(300), nil
	recurring(o.History)
	o.Samples.Target, o.Samples.Features = estimator.Replicas, nil
	report, _ := o.must(t)
	if report.Season == nil || report.Anchor != "analytic" {
		t.Fatalf("season %v and anchor %q, want one and analytic", report.Season, report.Anchor)
	}
	if slices.ContainsFunc(estimator.Features(report.Features), func(f estimator.Feature) bool { return f.SeasonAhead() > 0 }) {
		t.Errorf("features %q", report.Features)
	}
}

// TestServingExpectsTheSeason compares the served forecast with the one of a window that has
// the seasonal features from training.
func TestServingExpectsTheSeason(t *testing.T) {
	o := quick(t)
	o.History, o.Edges = scaled(300), nil
	recurring(o.History)
	o.Samples.Target, o.Samples.Features, o.Samples.Horizons, o.Label.Kind = estimator.Replicas, nil, []int{1, 3}, artifact.LabelObserved
	_, a := o.must(t)
	e, err := model.NewEstimator(a)
	if err != nil {
		t.Fatal(err)
	}
	if want := a.Window + season.Lookback - 1; e.Steps() != want {
		t.Fatalf("a window needs %d steps, want %d", e.Steps(), want)
	}
	if err := e.Fits(a.Step, e.Steps(), o.History.Features, 3*a.Step); err != nil {
		t.Errorf("the model does not fit: %v", err)
	}
	end := o.History.Steps - 5
	served, err := e.Estimate(t.Context(), o.History.Slice(estimator.Range{From: end - e.Steps(), To: end}))
	if err != nil {
		t.Fatal(err)
	}
	network, err := model.Load(a)
	if err != nil {
		t.Fatal(err)
	}
	p, err := model.NewPredictor(a, network)
	if err != nil {
		t.Fatal(err)
	}
	features := estimator.Features(a.Features)
	whole, err := season.Annotate(o.History, a.Season, season.Features(features), 0).Select(features)
	if err != nil {
		t.Fatal(err)
	}
	y := make([]float64, len(a.Services)*len(a.Horizons))
	if err := p.NewPass().Predict(whole.Slice(estimator.Range{From: end - a.Window, To: end}).Values, y); err != nil {
		t.Fatal(err)
	}
	for n := range a.Services {
		if got := []float64{served.At(n, 0), served.At(n, 2)}; !slices.Equal(got, y[n*2:n*2+2]) {
			t.Errorf("service %d: served %v, predicted %v", n, got, y[n*2:n*2+2])
		}
	}
}
