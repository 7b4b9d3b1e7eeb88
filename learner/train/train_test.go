package train_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/learner/em"
	"github.com/deepscaler/deepscaler/learner/samples"
	"github.com/deepscaler/deepscaler/learner/train"
)

func TestModelBeatsPersistenceAndBacktestAgrees(t *testing.T) {
	o := quick(t)
	o.Samples.Horizons = []int{1, 2}
	told := &recorder{}
	o.Progress = told
	o.Learning.Iterations, o.Learning.Epochs, o.Learning.Batch, o.Learning.Rate = 2, 20, 8, 1e-2
	report, a := o.must(t)
	e := report.Test.Overall
	// Three of four services can be told exactly.
	if !(e.Model.MAE < 0.6*e.Persistence.MAE) {
		t.Errorf("the model's MAE is %v, that of persistence %v", e.Model.MAE, e.Persistence.MAE)
	}
	if report.Samples != (train.Samples{Train: 205, Validation: 29, Test: 59}) || e.Model.Count != 59*4*2 {
		t.Errorf("samples are %+v, %d labels were tested", report.Samples, e.Model.Count)
	}
	if told.began.Samples != report.Samples || len(told.epochs) != len(report.History) {
		t.Errorf("told of samples %+v and %d epochs, the report has %+v and %d", told.began.Samples, len(told.epochs), report.Samples, len(report.History))
	}
	if a.Label != artifact.LabelObserved || a.Created != created || a.Hyperparameters != (artifact.Hyperparameters{Hidden: 8, Kernel: 5, Blocks: 1, Quantile: 0.5}) {
		t.Errorf("model file has label %q, creation time %v, %+v", a.Label, a.Created, a.Hyperparameters)
	}

	if diff := cmp.Diff(*report.Test, o.judged(t, a), cmpopts.EquateNaNs(), cmpopts.EquateApprox(1e-9, 0)); diff != "" {
		t.Errorf("the backtest finds otherwise (-training +backtest):\n%s", diff)
	}
}

func TestEveryKindOfNetwork(t *testing.T) {
	for _, kind := range []string{artifact.KindDeepScaler, artifact.KindDCRNN, artifact.KindTGCN} {
		t.Run(kind, func(t *testing.T) {
			o := quick(t)
			o.Kind = kind
			report, a := o.must(t)
			var names []string
			for _, g := range a.Graphs {
				names = append(names, g.Name)
				if math.IsNaN(g.Loss) {
					t.Errorf("graph %q has the loss %v", g.Name, g.Loss)
				}
			}
			want, epochs := []string{"invocation"}, 2
			if kind == artifact.KindDeepScaler {
				want, epochs = append(want, "learned 1", "learned 2"), 5 // one from candidates, one from G
			} else if report.Edges != 2 {
				t.Errorf("%d edges, want the two that were given", report.Edges)
			}
			if diff := cmp.Diff(want, names); diff != "" || len(report.History) != epochs || a.Kind != kind {
				t.Errorf("%s of %d epochs with graphs %v, want %v", a.Kind, len(report.History), names, want)
			}
		})
	}
}

func TestSameSeedSameModel(t *testing.T) {
	var models []*artifact.Model
	for _, seed := range []uint64{7, 7, 8} {
		o := quick(t)
		o.Learning.Seed = seed
		_, a := o.must(t)
		models = append(models, a)
	}
	if diff := cmp.Diff(models[0], models[1], cmpopts.IgnoreFields(artifact.Model{}, "Report")); diff != "" {
		t.Errorf("the same seed made two models:\n%s", diff)
	}
	if cmp.Equal(models[0].Tensors, models[2].Tensors) {
		t.Error("two seeds made the same model")
	}
}

func TestRequiredIsTheDefaultForReplicas(t *testing.T) {
	o := quick(t)
	o.Samples.Target, o.Samples.Features = "replicas", nil
	o.Label.SLO, o.Label.SLOPercentile = train.Duration(100*time.Millisecond), 0.95
	report, a := o.must(t)
	want := train.Label{Kind: "required", SLO: train.Duration(100 * time.Millisecond), SLOPercentile: 0.95,
		MinUtilisation: 0.5, MaxUtilisation: 0.8,
		Calls: []train.Call{{Source: "a", Destination: "b", Weight: 1}, {Source: "b", Destination: "c", Weight: 1}}}
	training, err := train.TrainingOf(a)
	if err != nil {
		t.Fatal(err)
	}
	if report.Anchor != "analytic" || a.Scaler.Anchor != artifact.AnchorAnalytic || len(a.Scaler.Low) != len(letters) || a.Scaler.Analytic == nil || report.Learning.Jitter != 0.3 {
		t.Errorf("anchor %q, in the file %q, jitter %v; want analytic forecasts, their reach, and jitter", report.Anchor, a.Scaler.Anchor, report.Learning.Jitter)
	}
	if diff := cmp.Diff(want, training.Label); diff != "" || a.Label != "required" || a.Target != "replicas" || report.Label.Kind != "required" {
		t.Errorf("%s of %s; report (-want +got):\n%s", a.Label, a.Target, diff)
	}
}

func TestWithoutCPUThereIsNoDemand(t *testing.T) {
	o := quick(t)
	o.Samples.Target, o.Samples.Features = "replicas", []estimator.Feature{"replicas", "requests"}
	report, a := o.must(t)
	if report.Anchor != "level" || a.Scaler.Anchor != artifact.AnchorLevel || a.Scaler.Sizings != nil || report.Learning.Jitter != 0 {
		t.Errorf("anchor %q, in the file %q with sizings %v, jitter %v", report.Anchor, a.Scaler.Anchor, a.Scaler.Sizings, report.Learning.Jitter)
	}
}

func TestWithoutGraphItStartsFromTheIdentity(t *testing.T) {
	o := quick(t)
	o.Edges = nil
	report, a := o.must(t)
	if a.Graphs[0].Name != "identity" || report.Calls != 0 {
		t.Errorf("graph %q, %d calls", a.Graphs[0].Name, report.Calls)
	}
}

func TestReportOfAModel(t *testing.T) {
	o := quick(t)
	r, err := o.run(t)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(r.Report)
	if err != nil {
		t.Fatal(err)
	}
	a := r.Model
	for name, text := range map[string][]byte{"result": text, "model": a.Report} {
		var got map[string]any
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{
			"kind", "series.services", "series.step", "target", "features", "window", "horizons", "label.kind", "split",
			"samples.train", "samples.validation", "samples.test", "network.hidden", "parameters", "learning.epochs", "learning.seed",
			"history.0.iteration", "history.0.phase", "history.0.training", "history.0.validation", "validation", "edges",
			"shares", "calls", "test.season", "test.overall.model.mae", "test.overall.persistence.rmse", "test.overall.seasonal.mape",
			"test.horizons.0.horizon", "test.horizons.0.model.mae", "seconds", "coreSeconds", "peakResidentBytes",
		} {
			if v := at(got, path); v == nil {
				t.Errorf("the report of the %s lacks %s", name, path)
			}
		}
		if got["parameters"].(float64) != float64(numbers(a)) || got["split"] != "70/10/20" || got["coreSeconds"].(float64) <= 0 {
			t.Errorf("the report of the %s has parameters %v, split %v, coreSeconds %v", name, got["parameters"], got["split"], got["coreSeconds"])
		}
	}
}

// at returns what decoded JSON has at a dotted path.
func at(v any, path string) any {
	for key := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[key]
		case []any:
			if len(x) == 0 {
				return nil
			}
			v = x[0]
		default:
			return nil
		}
	}
	return v
}

func numbers(a *artifact.Model) (count int) {
	for _, t := range a.Tensors {
		count += len(t.Data)
	}
	return count
}

func TestWithoutTestPartThereIsNoTest(t *testing.T) {
	o := quick(t)
	o.Samples.Split = samples.Split{Train: 0.8, Validation: 0.2}
	if report, _ := o.must(t); report.Test != nil || report.Samples.Test != 0 {
		t.Errorf("the report has %d samples and a test %+v", report.Samples.Test, report.Test)
	}
}

func TestHorizonsCoverTheLeadTime(t *testing.T) {
	for _, c := range []struct {
		lead time.Duration
		want []int
	}{{75 * time.Second, []int{1, 2, 3}}, {60 * time.Second, []int{1, 2}}, {time.Second, []int{1}}} {
		o := quick(t)
		o.Samples.Horizons, o.LeadTime = nil, c.lead
		report, a := o.must(t)
		if diff := cmp.Diff(c.want, report.Horizons); diff != "" || !cmp.Equal(c.want, a.Horizons) {
			t.Errorf("lead time %v (-want +got):\n%s", c.lead, diff)
		}
	}
}

func TestTrainEndsWithItsContext(t *testing.T) {
	o := quick(t)
	ctx, cancel := context.WithCancel(t.Context())
	o.Progress = stopper(cancel)
	if r, err := train.Train(ctx, o.Input, o.Spec); !errors.Is(err, context.Canceled) || r != nil {
		t.Errorf("result %v, error %v", r, err)
	}
}

// stopper ends a training in its first epoch.
type stopper context.CancelFunc

func (stopper) Tried(train.Trial)              {}
func (stopper) Begin(*train.Report)            {}
func (s stopper) Epoch(em.Epoch, float64, int) { s() }
