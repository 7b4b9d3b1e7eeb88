package train_test

import (
	"strings"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/features"
	"github.com/deepscaler/deepscaler/learner/samples"
	"github.com/deepscaler/deepscaler/learner/train"
)

func TestValidate(t *testing.T) {
	for want, change := range map[string]func(s *train.Spec){
		`model is "lstm", want deepscaler or dcrnn or tgcn`: func(s *train.Spec) { s.Kind = "lstm" },
		`label is "wanted"`:                                func(s *train.Spec) { s.Label.Kind = "wanted" },
		"use label observed":                               func(s *train.Spec) { s.Label.Kind, s.Samples.Target = "required", "requests" },
		"anchor change needs label observed":               func(s *train.Spec) { s.Samples.Anchor = "change" },
		"anchor demand needs label required":               func(s *train.Spec) { s.Samples.Anchor, s.Label.Kind = "demand", "observed" },
		`anchor is "mean", want level or change or demand`: func(s *train.Spec) { s.Samples.Anchor = "mean" },
		"jitter needs anchor change or demand":             func(s *train.Spec) { s.Samples.Anchor, s.Learning.Jitter = "level", 0.1 },
		`scale is "none"`:                                  func(s *train.Spec) { s.Samples.Scale = "none" },
		"an slo has no effect on the label observed":       func(s *train.Spec) { s.Label.Kind, s.Label.SLO = "observed", 1 },
		"slo is -1s":                       func(s *train.Spec) { s.Label.SLO = train.Duration(-time.Second) },
		"no effect without an slo":         func(s *train.Spec) { s.Label.SLOPercentile = 0.95 },
		"slo percentile is 95":             func(s *train.Spec) { s.Label.SLO, s.Label.SLOPercentile = 1, 95 },
		"has no validation part":           func(s *train.Spec) { s.Samples.Split = samples.Split{Train: 0.8, Test: 0.2} },
		"window is 0":                      func(s *train.Spec) { s.Samples.Window = 0 },
		"lead time is 0s":                  func(s *train.Spec) { s.LeadTime = 0 },
		"target is empty":                  func(s *train.Spec) { s.Samples.Target = "" },
		"hidden is 7, want an even number": func(s *train.Spec) { s.Network.Hidden = 7 },
		"kernel is 4, want an odd number":  func(s *train.Spec) { s.Network.Kernel = 4 },
		"blocks is -1":                     func(s *train.Spec) { s.Network.Blocks = -1 },
		"quantile is 1":                    func(s *train.Spec) { s.Learning.Quantiles = []float64{1} },
		"epochs is 0":                      func(s *train.Spec) { s.Learning.Epochs = 0 },
		"workers is -1":                    func(s *train.Spec) { s.Learning.Workers = -1 },
		"features has an empty name":       func(s *train.Spec) { s.Samples.Features = []estimator.Feature{"cpu", ""} },
	} {
		s := train.DefaultSpec()
		if err := s.Validate(); err != nil {
			t.Fatalf("the defaults are bad: %v", err)
		}
		change(&s)
		if err := s.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
	s := train.DefaultSpec()
	s.Learning.Epochs, s.Network.Hidden = 0, 7
	if err := s.Validate(); !strings.Contains(err.Error(), "epochs is 0") || !strings.Contains(err.Error(), "an even number") {
		t.Errorf("error %v, want both", err)
	}
}

// TestResolvedAnchor: what is seen of the label is what outputs are measured from.
func TestResolvedAnchor(t *testing.T) {
	all := estimator.DefaultFeatures()
	for _, c := range []struct {
		label, target string
		features      []estimator.Feature
		want          features.Anchor
	}{
		{"", "replicas", all, "analytic"},
		{"", "replicas", []estimator.Feature{"cpu", "replicas"}, "demand"},
		{"", "replicas", []estimator.Feature{"requests", "replicas"}, "level"},
		{"", "replicas", []estimator.Feature{"requests", "cpu"}, "level"},
		{"observed", "replicas", all, "change"},
		{"observed", "replicas", []estimator.Feature{"cpu"}, "level"},
		{"", "requests", all, "change"},
		{"", "requests", []estimator.Feature{"replicas", "cpu"}, "level"},
	} {
		s := train.DefaultSpec()
		s.Label.Kind, s.Samples.Target, s.Samples.Features = c.label, estimator.Feature(c.target), c.features
		s.Samples.Anchor = train.AnchorAuto
		got := s.Resolve(nil, 30*time.Second)
		if got.Samples.Anchor != c.want || (got.Learning.Jitter > 0) != (c.want != "level") {
			t.Errorf("%+v: anchor %s, jitter %v", c, got.Samples.Anchor, got.Learning.Jitter)
		}
	}
}

func TestInputThatDoesNotFit(t *testing.T) {
	for name, c := range map[string]struct {
		change func(o *job)
		want   string
	}{
		"unknown feature":  {func(o *job) { o.Samples.Features = []estimator.Feature{"memory"} }, `no feature "memory"`},
		"unknown target":   {func(o *job) { o.Samples.Target = "memory" }, `the history has no "memory", which is the target`},
		"horizon too long": {func(o *job) { o.Samples.Horizons = []int{1, 200} }, "the history has 300 steps"},
		"too short":        {func(o *job) { o.History = walk(letters, 6) }, "the history has 6 steps; a window of 4"},
		"change without the target": {func(o *job) {
			o.Samples.Anchor, o.Samples.Features = "change", []estimator.Feature{"cpu"}
		}, `needs the target "requests" among the features`},
		"demand without cpu": {func(o *job) {
			o.Samples.Target, o.Samples.Anchor, o.Samples.Features = "replicas", "demand", []estimator.Feature{"replicas", "requests"}
		}, `anchor "demand" needs "cpu" among the features`},
		"jitter of a level": {func(o *job) {
			o.Samples.Features, o.Learning.Jitter = []estimator.Feature{"cpu"}, 0.1
		}, "jitter needs anchor change or demand"},
		"edges of others":       {func(o *job) { o.Edges[0].Source = 9 }, "invocation graph: edge 9→1"},
		"dcrnn without a graph": {func(o *job) { o.Kind, o.Edges = artifact.KindDCRNN, nil }, "dcrnn cannot learn one"},
		"required without cpu": {func(o *job) {
			o.History, _ = o.History.Select([]estimator.Feature{"replicas", "requests"})
			o.Samples.Target, o.Samples.Features = "replicas", nil
		}, `no feature "cpu"`},
		"step of two days": {func(o *job) { o.History.Step = 48 * time.Hour }, "step is 48h0m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			o := quick(t)
			c.change(o)
			if _, err := o.run(t); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
		})
	}
}
