package train_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/features"
	"github.com/deepscaler/deepscaler/learner/samples"
	"github.com/deepscaler/deepscaler/learner/train"
)

// child goes on from a model, with another set of services.
func child(t *testing.T, parent *artifact.Model, services ...string) *job {
	t.Helper()
	j := quick(t)
	quickly := j.Learning
	j.History, j.Edges, j.Parent = walk(services, 300), nil, parent
	var err error
	if j.Spec, err = train.SpecOf(parent); err != nil {
		t.Fatal(err)
	}
	quickly.Quantiles = j.Learning.Quantiles
	j.Learning = quickly
	return j
}

func TestWarmStart(t *testing.T) {
	o := quick(t)
	o.Samples.Horizons, o.Learning.Quantiles = []int{1, 3}, []float64{0.7}
	before, parent := o.must(t)
	if before.ParentValidation != nil || before.KeptParent {
		t.Errorf("without a parent there is one: %v, %v", before.ParentValidation, before.KeptParent)
	}
	next := child(t, parent, "a", "b", "d", "new")
	report, a := next.must(t)
	if a.Parent != parent.Hash() || report.Parent != a.Parent {
		t.Errorf("parent is %q, want %q", a.Parent, parent.Hash())
	}
	if report.ParentValidation == nil || report.Validation > *report.ParentValidation {
		t.Errorf("the loss is %v, that of the parent %v", report.Validation, report.ParentValidation)
	}
	type shape struct {
		Services, Features []string
		Horizons           []int
		Window             int
		H                  artifact.Hyperparameters
	}
	want := shape{[]string{"a", "b", "d", "new"}, parent.Features, []int{1, 3}, 4, parent.Hyperparameters}
	if diff := cmp.Diff(want, shape{a.Services, a.Features, a.Horizons, a.Window, a.Hyperparameters}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if a.Graphs[0].Name != "invocation" {
		t.Errorf("the first graph is %q, want that of the parent", a.Graphs[0].Name)
	}
	// A third generation has names of its own, too.
	if _, grandchild := child(t, a, "a", "b", "d", "new").must(t); grandchild.Parent != a.Hash() {
		t.Errorf("parent is %q, want %q", grandchild.Parent, a.Hash())
	}
}

// Learning that ruins the network leaves the parent.
func TestWorseChildrenLeaveTheParent(t *testing.T) {
	o := quick(t)
	o.Learning.Epochs = 5
	before, parent := o.must(t)
	next := child(t, parent, letters...)
	next.History = o.History
	next.Learning.Rate, next.Learning.Clip, next.Learning.GraphEpochs = 2, 100, 0
	report, a := next.must(t)
	if !report.KeptParent || *report.ParentValidation != report.Validation || report.Validation != before.Validation {
		t.Fatalf("kept %v, loss %v, that of the parent %v, before %v", report.KeptParent, report.Validation, *report.ParentValidation, before.Validation)
	}
	if diff := cmp.Diff(parent.Tensors, a.Tensors); diff != "" || !cmp.Equal(parent.Affinity, a.Affinity) {
		t.Errorf("the model is not that of the parent:\n%s", diff)
	}
}

// A learning rate of next to nothing leaves what was there, so the loss tells
// what the start was.
func TestWarmStartStartsFromTheParent(t *testing.T) {
	for _, kind := range []string{artifact.KindDeepScaler, artifact.KindDCRNN} {
		t.Run(kind, func(t *testing.T) {
			o := quick(t)
			o.Kind = kind
			o.Learning.GraphEpochs, o.Learning.Epochs = 0, 5
			before, parent := o.must(t)
			next := child(t, parent, letters...)
			next.History = o.History
			next.Learning.GraphEpochs, next.Learning.Epochs, next.Learning.Rate, next.Learning.Decay = 0, 1, 1e-12, 0
			after, a := next.must(t)
			if d := after.Validation - before.Validation; d > 1e-5 || d < -1e-5 {
				t.Errorf("validation loss went from %v to %v", before.Validation, after.Validation)
			}
			for i, v := range a.Affinity {
				if d := v - parent.Affinity[i]; d > 1e-6 || d < -1e-6 {
					t.Fatalf("affinity %d went from %v to %v", i, parent.Affinity[i], v)
				}
			}
		})
	}
}

func TestWarmStartInheritsTheObjective(t *testing.T) {
	o := quick(t)
	o.Samples.Target, o.Samples.Features, o.Label.SLO = "replicas", nil, train.Duration(80*time.Millisecond)
	parent, a := o.must(t)
	report, _ := child(t, a, letters...).must(t)
	if diff := cmp.Diff(parent.Label, report.Label); diff != "" {
		t.Errorf("label (-parent +child):\n%s", diff)
	}
}

// TestWarmStartKeepsTheAnchor: that of the parent and not the default, but with
// sizings of the services as they are now.
func TestWarmStartKeepsTheAnchor(t *testing.T) {
	for _, anchor := range []string{"level", "demand"} {
		t.Run(anchor, func(t *testing.T) {
			o := quick(t)
			o.Samples.Target, o.Samples.Features, o.Samples.Anchor = "replicas", nil, features.Anchor(anchor)
			_, parent := o.must(t)
			next := child(t, parent, "a", "b", "new")
			report, a := next.must(t)
			if report.Anchor != anchor {
				t.Fatalf("anchor %q, want that of the parent, %q", report.Anchor, anchor)
			}
			if anchor == "level" {
				return
			}
			label, err := report.Label.Labeller(report.Target, next.History.Services)
			if err != nil {
				t.Fatal(err)
			}
			d, err := samples.New(next.History, samples.Options{Label: label, Anchor: features.AnchorDemand, Split: report.Split})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(d.Options().Sizings, a.Scaler.Sizings); diff != "" {
				t.Errorf("sizings (-fitted +of the file):\n%s", diff)
			}
			next.Samples.Anchor = "level"
			next.Learning.Jitter = 0
			if _, err := next.run(t); err == nil || !strings.Contains(err.Error(), "anchor is level, but that of the model is demand") {
				t.Errorf("error %v, want one about the anchor", err)
			}
		})
	}
}

func TestWarmStartRejects(t *testing.T) {
	o := quick(t)
	_, parent := o.must(t)
	for name, c := range map[string]struct {
		change func(o *job)
		want   string
	}{
		"hidden":    {func(o *job) { o.Network.Hidden = 16 }, "hidden is 16, but that of the model is 8"},
		"kind":      {func(o *job) { o.Kind = "tgcn" }, "model is tgcn, but that of the model is deepscaler"},
		"features":  {func(o *job) { o.Samples.Features = []estimator.Feature{"requests", "cpu"} }, "features is [requests cpu]"},
		"horizon":   {func(o *job) { o.Samples.Horizons = []int{1, 2} }, "horizon is [1 2], but that of the model is [1]"},
		"slo":       {func(o *job) { o.Label.SLO = train.Duration(time.Second) }, "an slo has no effect on the label observed"},
		"step":      {func(o *job) { o.History.Step = time.Minute }, "steps of 30s, but the history has steps of 1m0s"},
		"strangers": {func(o *job) { o.History = walk([]string{"x", "y"}, 300) }, "none of the 2 services"},
		"feature is gone": {func(o *job) {
			o.History, _ = o.History.Select([]estimator.Feature{"cpu", "replicas"})
		}, `no "requests"`},
		"damaged": {func(o *job) {
			damaged := *parent
			damaged.Tensors = damaged.Tensors[1:]
			o.Parent = &damaged
		}, "is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			next := child(t, parent, letters...)
			c.change(next)
			if _, err := next.run(t); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
		})
	}
}
