package train_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/features"
	"github.com/deepscaler/deepscaler/learner/history"
	"github.com/deepscaler/deepscaler/learner/samples"
	"github.com/deepscaler/deepscaler/learner/train"
)

// child are options that go on from the model of o, with another set of services
// and no word about the rest.
func child(t *testing.T, o *train.Options, services ...string) *train.Options {
	t.Helper()
	next := quick(t)
	next.Series = writeSeries(t, t.TempDir(), walk(services, 300))
	next.Graph, next.From = "", o.Out
	next.Target, next.Features, next.Window, next.Hidden, next.Blocks = "", nil, 0, 0, 0
	return next
}

func TestWarmStart(t *testing.T) {
	o := quick(t)
	o.Horizons, o.Learning.Quantile = train.Horizons{1, 3}, 0.7
	_, parent, _ := mustRun(t, o)
	next := child(t, o, "a", "b", "d", "new")
	report, a, shown := mustRun(t, next)
	if a.Parent != parent.Hash() || report.Parent != a.Parent || !strings.Contains(shown, "from model "+a.Parent[:12]) {
		t.Errorf("parent is %q, want %q; shown:\n%s", a.Parent, parent.Hash(), shown)
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
	if a.Graphs[0].Name != "inherited" {
		t.Errorf("the first graph is %q", a.Graphs[0].Name)
	}
	// A third generation has names of its own, too.
	if _, grandchild, _ := mustRun(t, child(t, next, "a", "b", "d", "new")); grandchild.Parent != a.Hash() {
		t.Errorf("parent is %q, want %q", grandchild.Parent, a.Hash())
	}
}

// A learning rate of next to nothing leaves what was there, so the loss tells
// what the start was.
func TestWarmStartStartsFromTheParent(t *testing.T) {
	for _, kind := range []string{artifact.KindDeepScaler, artifact.KindDCRNN} {
		t.Run(kind, func(t *testing.T) {
			o := quick(t)
			o.Model = kind
			o.Learning.GraphEpochs, o.Learning.Epochs = 0, 5
			before, parent, _ := mustRun(t, o)
			next := child(t, o, letters...)
			next.Series = o.Series
			next.Learning.GraphEpochs, next.Learning.Epochs, next.Learning.Rate, next.Learning.Decay = 0, 1, 1e-12, 0
			after, a, _ := mustRun(t, next)
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
	o.Target, o.Features, o.SLO = "", nil, 80*time.Millisecond
	parent, _, _ := mustRun(t, o)
	report, _, _ := mustRun(t, child(t, o, letters...))
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
			o.Target, o.Features, o.Anchor = "", nil, anchor
			mustRun(t, o)
			services := []string{"a", "b", "new"}
			next := child(t, o, services...)
			report, a, _ := mustRun(t, next)
			if report.Anchor != anchor {
				t.Fatalf("anchor %q, want that of the parent, %q", report.Anchor, anchor)
			}
			if anchor == "level" {
				return
			}
			series, err := history.ReadFile(next.Series)
			if err != nil {
				t.Fatal(err)
			}
			label, err := report.Label.Labeller(report.Target, series.Services)
			if err != nil {
				t.Fatal(err)
			}
			d, err := samples.New(series, samples.Options{Label: label, Anchor: features.AnchorDemand, Split: report.Split})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(d.Options().Sizings, a.Scaler.Sizings); diff != "" {
				t.Errorf("sizings (-fitted +of the file):\n%s", diff)
			}
			next.Anchor = "change"
			next.From, next.Out = o.Out, next.Out+"2"
			if _, _, err := run(t, next, 0); err == nil || !strings.Contains(err.Error(), "--anchor is change, but that of the model is demand") {
				t.Errorf("error %v, want one about the anchor", err)
			}
		})
	}
}

func TestWarmStartRejects(t *testing.T) {
	o := quick(t)
	mustRun(t, o)
	for name, c := range map[string]struct {
		change func(o *train.Options)
		want   string
	}{
		"hidden":   {func(o *train.Options) { o.Hidden = 16 }, "--hidden is 16, but that of the model is 8"},
		"kind":     {func(o *train.Options) { o.Model = "tgcn" }, "--model is tgcn, but that of the model is deepscaler"},
		"features": {func(o *train.Options) { o.Features = []string{"cpu"} }, "--features is [cpu]"},
		"horizon":  {func(o *train.Options) { o.Horizons = train.Horizons{1, 2} }, "--horizon is [1 2], but that of the model is [1]"},
		"slo":      {func(o *train.Options) { o.SLO = time.Second }, "--slo has no effect on the label observed"},
		"absent":   {func(o *train.Options) { o.From += "x" }, "no such file"},
		"no model": {func(o *train.Options) { o.From = o.Series }, artifact.ErrForeign.Error()},
		"step": {func(o *train.Options) {
			s := walk(letters, 300)
			s.Step = time.Minute
			o.Series = writeSeries(t, t.TempDir(), s)
		}, "steps of 30s, but the series has a step of 1m0s"},
		"strangers": {func(o *train.Options) { o.Series = writeSeries(t, t.TempDir(), walk([]string{"x", "y"}, 300)) }, "none of the 2 services"},
		"feature is gone": {func(o *train.Options) {
			s, err := walk(letters, 300).Select([]estimator.Feature{"cpu", "replicas"})
			if err != nil {
				t.Fatal(err)
			}
			o.Series = writeSeries(t, t.TempDir(), s)
		}, `there is no "requests"`},
	} {
		t.Run(name, func(t *testing.T) {
			next := child(t, o, letters...)
			c.change(next)
			if _, _, err := run(t, next, 0); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want it to say %q", err, c.want)
			}
			if _, err := os.Stat(next.Out); err == nil {
				t.Error("there is a model")
			}
		})
	}
}
