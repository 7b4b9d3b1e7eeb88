package main

import (
	"maps"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator/artifact"
)

func TestSpread(t *testing.T) {
	for _, tt := range []struct {
		s                     sample
		spread, short, single string
	}{
		{nil, "–", "–", "–"},
		{sample{2}, "2.000", "2.000", "2.000"},
		{sample{1, 2, 3}, "2.000 ± 1.000 (1.000–3.000)", "2.000 ± 1.000", "2.000"},
		{sample{0.5, 0.5}, "0.5000 ± 0.0000", "0.5000 ± 0.0000", "0.5000"},
		{sample{1000, 3000}, "2000 ± 1414 (1000–3000)", "2000 ± 1414", "2000"},
		{sample{1, math.NaN()}, "–", "–", "–"},
	} {
		if diff := cmp.Diff([]string{tt.spread, tt.short, tt.single}, []string{tt.s.spread(), tt.s.short(), tt.s.single()}); diff != "" {
			t.Errorf("%v:\n%s", tt.s, diff)
		}
	}
}

func TestAccuracyTable(t *testing.T) {
	p := trial()
	r, _, err := conduct(t, "", &trainer{}, p.jobs())
	if err != nil {
		t.Fatal(err)
	}
	// Runs 1 and 3 are those of deepscaler, 2 and 4 those of tgcn.
	want := `### shop

0 services, 0 steps of 0s;  (), anchor , scale , from a window of 0 steps; 0 training, 0 validation and 0 test samples.

| Steps ahead | Predictor | MAE | MAE ÷ persistence | RMSE | MAPE % |
|:--|--:|--:|--:|--:|--:|
| 1 | deepscaler | 2.000 ± 1.414 (1.000–3.000) | 1.000 | 2.000 ± 0.000 | 3.000 ± 0.000 |
| 1 | tgcn | 3.000 ± 1.414 (2.000–4.000) | 1.500 | 2.000 ± 0.000 | 3.000 ± 0.000 |
| 1 | persistence | 2.000 | 1.000 | 3.000 | 4.000 |
| 1 | seasonal (5 steps) | 0.0000 | 0.0000 | 0.0000 | 0.0000 |
| all | deepscaler | 2.000 ± 1.414 (1.000–3.000) | 1.000 | 2.000 ± 0.000 | 3.000 ± 0.000 |
| all | tgcn | 3.000 ± 1.414 (2.000–4.000) | 1.500 | 2.000 ± 0.000 | 3.000 ± 0.000 |
| all | persistence | 2.000 | 1.000 | 3.000 | 4.000 |
| all | seasonal (5 steps) | 0.0000 | 0.0000 | 0.0000 | 0.0000 |

| Network | Runs | Parameters | Hidden | Blocks | Validation loss | Core-seconds | Peak MiB |
|:--|--:|--:|--:|--:|--:|--:|--:|
| deepscaler | 2 | 7 | 64 | 1 | 0.2500 ± 0.0000 | 20.00 ± 0.00 | 3.000 ± 0.000 |
| tgcn | 2 | 7 | 64 | 1 | 0.2500 ± 0.0000 | 20.00 ± 0.00 | 3.000 ± 0.000 |

Mean ± standard deviation (range) over up to 2 seeds, in the unit of the target. 40 passes over the training part.
`
	if diff := cmp.Diff(want, p.table(r)); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
	if got := p.table(results{}); got != "" {
		t.Errorf("table of nothing:\n%s", got)
	}
}

// TestKindsLearnEquallyLong: the samples, what is optimised and how often are
// the same for all kinds.
func TestKindsLearnEquallyLong(t *testing.T) {
	base := *comparedOptions()
	passes := func(o training) int {
		return o.Learning.Iterations * (o.Learning.Epochs + o.Learning.GraphEpochs)
	}
	own := ofKind(base, artifact.KindDeepScaler)
	for _, kind := range []string{artifact.KindTGCN, artifact.KindDCRNN} {
		o := ofKind(base, kind)
		if passes(o) != passes(own) || o.Learning.GraphEpochs != 0 || o.Network.Blocks != 1 {
			t.Errorf("%s: %d passes, want %d, with %d for the graph, and %d layers", kind, passes(o), passes(own), o.Learning.GraphEpochs, o.Network.Blocks)
		}
		o.Kind, o.Network.Blocks, o.Learning.Iterations, o.Learning.Epochs, o.Learning.GraphEpochs =
			own.Kind, own.Network.Blocks, own.Learning.Iterations, own.Learning.Epochs, own.Learning.GraphEpochs
		if diff := cmp.Diff(own, o); diff != "" {
			t.Errorf("%s differs in more:\n%s", kind, diff)
		}
	}
}

func TestHyperparametersDifferInOneValue(t *testing.T) {
	anchors := map[string][]string{
		artifact.LabelObserved: {"change (default)", "level"},
		artifact.LabelRequired: {"analytic (default)", "level"},
	}
	for label, want := range anchors {
		options := comparedOptions()
		options.Label.Kind = label
		base := options.settled()
		base.Learning.Rate = 3e-3
		for _, h := range hyperparameters(base) {
			defaults, names := 0, map[string]bool{}
			for _, v := range h.values {
				if names[v.name] = true; cmp.Equal(v.options, base) {
					defaults++
				}
				o := newJob(source{Series: "s.csv", Graph: "g.csv"}, "", v.options, 1).Options
				if err := o.Validate(); err != nil {
					t.Errorf("%s, %s %s: %v", label, h.name, v.name, err)
				}
			}
			if defaults != 1 || len(names) != len(h.values) || len(names) < 2 {
				t.Errorf("%s, %s: %d of the values %v are the default, want one and no value twice", label, h.name, defaults, names)
			}
			if got := slices.Sorted(maps.Keys(names)); h.name == "anchor" && !slices.Equal(got, want) {
				t.Errorf("%s: anchors %v, want %v", label, got, want)
			}
		}
		if _, err := chosen(hyperparameters(base), []string{"hiden"}); err == nil {
			t.Error("--only takes what does not exist")
		}
		// From the other end there are the same two.
		base.Samples.Anchor = "level"
		for _, h := range hyperparameters(base) {
			if (h.name == "anchor" || h.name == "jitter") && len(h.values) != map[string]int{"anchor": 2, "jitter": 1}[h.name] {
				t.Errorf("%s of level: %d values of %s", label, len(h.values), h.name)
			}
		}
	}
}

func TestIterationsShareTheEpochs(t *testing.T) {
	for iterations, want := range map[int]int{1: 30, 3: 10, 5: 6, 30: 1, 100: 1} {
		o := *comparedOptions()
		o.Learning.Iterations, o.Learning.Epochs = 5, 6
		setIterations(&o, iterations)
		if o.Learning.Iterations != iterations || o.Learning.Epochs != want {
			t.Errorf("%d iterations of %d epochs, want %d of %d", o.Learning.Iterations, o.Learning.Epochs, iterations, want)
		}
	}
}

func TestHyperparameterTable(t *testing.T) {
	base := comparedOptions().settled()
	base.Network.Kernel = 3
	groups, err := chosen(hyperparameters(base), []string{"kernel", "scale"})
	if err != nil {
		t.Fatal(err)
	}
	p := &variation{source{Name: "shop"}, groups, 1, base}
	f := &trainer{}
	r, _, err := conduct(t, filepath.Join(t.TempDir(), "runs.json"), f, p.jobs())
	if err != nil {
		t.Fatal(err)
	}
	// Kernel 1, 3 (the default) and 5, then the other scale.
	want := `### kernel

| Value | Runs | Parameters | Validation loss | Test MAE ÷ that of the default | Core-seconds |
|:--|--:|--:|--:|--:|--:|
| 1 | 1 | 7 | 0.2500 | 0.5000 | 20.00 |
| 3 (default) | 1 | 7 | 0.2500 | 1.000 | 20.00 |
| 5 | 1 | 7 | 0.2500 | 1.500 | 20.00 |

### scale

| Value | Runs | Parameters | Validation loss | Test MAE ÷ that of the default | Core-seconds |
|:--|--:|--:|--:|--:|--:|
| global | 1 | 7 | 0.2500 | 2.000 | 20.00 |
| service (default) | 1 | 7 | 0.2500 | 1.000 | 20.00 |

shop: 0 services, 0 steps of 0s;  (), anchor , scale , from a window of 0 steps; 0 training, 0 validation and 0 test samples. Mean ± standard deviation over up to 1 seeds. The default has a test MAE of 2.000, persistence one of 2.000.
`
	if diff := cmp.Diff(want, p.table(r)); diff != "" || len(f.calls) != 4 {
		t.Errorf("%d runs, want 4; table (-want +got):\n%s", len(f.calls), diff)
	}
}
