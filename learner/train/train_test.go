package train_test

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/learner/backtest"
	"github.com/deepscaler/deepscaler/learner/history"
	"github.com/deepscaler/deepscaler/learner/samples"
	"github.com/deepscaler/deepscaler/learner/train"
)

var created = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// walk has services of which each does what the one before it did two steps
// earlier; the first wanders by itself. Nobody can tell from a service alone
// what it will do, and everybody from the one before it.
func walk(services []string, steps int) *estimator.Window {
	rng := rand.New(rand.NewPCG(5, 1))
	s := estimator.NewWindow(named(services), []estimator.Feature{"replicas", "cpu", "requests", "latency"}, steps, 30*time.Second, time.Unix(1_700_000_000, 0))
	load := make([]float64, steps+2*len(services))
	for t := 1; t < len(load); t++ {
		load[t] = 0.5*load[t-1] + rng.NormFloat64()
	}
	for t := range steps {
		for n := range services {
			requests := 50 + 5*load[t+2*(len(services)-n)]
			s.Set(n, t, 0, 2)
			s.Set(n, t, 1, 0.01*requests/2)
			s.Set(n, t, 2, requests)
			s.Set(n, t, 3, 0.02/(1-0.005*requests))
		}
	}
	return s
}

func named(names []string) []estimator.Service {
	services, err := estimator.ParseServices(names)
	if err != nil {
		panic(err)
	}
	return services
}

func writeSeries(t *testing.T, dir string, s *estimator.Window) string {
	t.Helper()
	var text bytes.Buffer
	if err := history.Write(&text, s); err != nil {
		t.Fatal(err)
	}
	return write(t, filepath.Join(dir, "series.csv"), text.String())
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

var letters = []string{"a", "b", "c", "d"}

// quick are options of a training that takes a fraction of a second.
func quick(t *testing.T) *train.Options {
	t.Helper()
	dir := t.TempDir()
	o := train.NewOptions()
	o.Series = writeSeries(t, dir, walk(letters, 300))
	o.Graph = write(t, filepath.Join(dir, "graph.csv"), "source,destination\na,b\nb,c\n")
	o.Out = filepath.Join(dir, "model.safetensors")
	o.Target, o.Features = "requests", []string{"requests"}
	o.Window, o.Hidden, o.Blocks = 4, 8, 1
	o.Learning.Iterations, o.Learning.Epochs, o.Learning.GraphEpochs = 1, 2, 1
	o.Learning.Workers = 2
	return o
}

// run trains and returns the report and what the terminal shows.
func run(t *testing.T, o *train.Options, width int) (report, shown string, err error) {
	t.Helper()
	if err := o.Validate(); err != nil {
		return "", "", err
	}
	var out, result bytes.Buffer
	c, err := o.Config(train.Terminal{Out: &out, Result: &result, Width: width, Now: func() time.Time { return created }})
	if err != nil {
		return "", "", err
	}
	err = c.Run(t.Context())
	return result.String(), out.String(), err
}

func mustRun(t *testing.T, o *train.Options) (report train.Report, a *artifact.Model, shown string) {
	t.Helper()
	text, shown, err := run(t, o, 0)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&report); err != nil {
		t.Fatal(err)
	}
	if a, err = artifact.ReadFile(o.Out); err != nil {
		t.Fatal(err)
	}
	return report, a, shown
}

func TestModelBeatsPersistenceAndBacktestAgrees(t *testing.T) {
	o := quick(t)
	o.Horizons = train.Horizons{1, 2}
	o.Learning.Iterations, o.Learning.Epochs, o.Learning.Batch, o.Learning.Rate = 2, 20, 8, 1e-2
	report, a, shown := mustRun(t, o)
	e := report.Test.Overall
	// Three of four services can be told exactly.
	if !(e.Model.MAE < 0.6*e.Persistence.MAE) {
		t.Errorf("the model's MAE is %v, that of persistence %v", e.Model.MAE, e.Persistence.MAE)
	}
	if report.Samples != (train.Samples{Train: 205, Validation: 29, Test: 59}) || e.Model.Count != 59*4*2 {
		t.Errorf("samples are %+v, %d labels were tested", report.Samples, e.Model.Count)
	}
	if last := "validation loss"; !strings.Contains(shown, last) || strings.Count(shown, "\n[") != len(report.History) {
		t.Errorf("the terminal lacks %q or one line for each of %d epochs:\n%s", last, len(report.History), shown)
	}
	if a.Label != artifact.LabelObserved || a.Created != created || a.Hyperparameters != (artifact.Hyperparameters{Hidden: 8, Kernel: 5, Blocks: 1, Quantile: 0.5}) {
		t.Errorf("model file has label %q, creation time %v, %+v", a.Label, a.Created, a.Hyperparameters)
	}

	if diff := cmp.Diff(*report.Test, judged(t, o), cmpopts.EquateNaNs(), cmpopts.EquateApprox(1e-9, 0)); diff != "" {
		t.Errorf("the backtest finds otherwise (-training +backtest):\n%s", diff)
	}
}

func TestEveryKindOfNetwork(t *testing.T) {
	for _, kind := range []string{artifact.KindDeepScaler, artifact.KindDCRNN, artifact.KindTGCN} {
		t.Run(kind, func(t *testing.T) {
			o := quick(t)
			o.Model = kind
			report, a, _ := mustRun(t, o)
			var names []string
			for _, g := range a.Graphs {
				names = append(names, g.Name)
				if math.IsNaN(g.Loss) != (kind != artifact.KindDeepScaler) {
					t.Errorf("graph %q has the loss %v", g.Name, g.Loss)
				}
			}
			want, epochs := []string{"invocation"}, 2
			if kind == artifact.KindDeepScaler {
				want, epochs = append(want, "learned 1"), 3
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
		_, a, _ := mustRun(t, o)
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
	o.Target, o.Features = "", nil
	o.SLO, o.SLOPercentile = 100*time.Millisecond, 0.95
	report, a, _ := mustRun(t, o)
	want := backtest.Label{Kind: "required", SLO: backtest.Duration(100 * time.Millisecond), SLOPercentile: 0.95,
		Calls: []backtest.Call{{Source: "a", Destination: "b", Weight: 1}, {Source: "b", Destination: "c", Weight: 1}}}
	training, err := backtest.TrainingOf(a)
	if err != nil {
		t.Fatal(err)
	}
	if report.Anchor != "demand" || a.Scaler.Anchor != artifact.AnchorDemand || len(a.Scaler.Sizings) != len(letters) || string(report.Learning["jitter"]) != "0.3" {
		t.Errorf("anchor %q, in the file %q with sizings %v, jitter %s; want the demand, and jitter", report.Anchor, a.Scaler.Anchor, a.Scaler.Sizings, report.Learning["jitter"])
	}
	if diff := cmp.Diff(want, training.Label); diff != "" || a.Label != "required" || a.Target != "replicas" || report.Label.Kind != "required" {
		t.Errorf("%s of %s; report (-want +got):\n%s", a.Label, a.Target, diff)
	}
}

func TestWithoutCPUThereIsNoDemand(t *testing.T) {
	o := quick(t)
	o.Target, o.Features = "", []string{"replicas", "requests"}
	report, a, _ := mustRun(t, o)
	if report.Anchor != "level" || a.Scaler.Anchor != artifact.AnchorLevel || a.Scaler.Sizings != nil || string(report.Learning["jitter"]) != "0" {
		t.Errorf("anchor %q, in the file %q with sizings %v, jitter %s", report.Anchor, a.Scaler.Anchor, a.Scaler.Sizings, report.Learning["jitter"])
	}
}

func TestWithoutGraphItStartsFromTheIdentity(t *testing.T) {
	o := quick(t)
	o.Graph = ""
	_, a, shown := mustRun(t, o)
	if a.Graphs[0].Name != "identity" || !strings.Contains(shown, "starts from the identity") {
		t.Errorf("graph %q; the terminal shows:\n%s", a.Graphs[0].Name, shown)
	}
}

func TestReportOfAModel(t *testing.T) {
	o := quick(t)
	o.Report = filepath.Join(t.TempDir(), "report.json")
	if text, _, err := run(t, o, 0); err != nil || text != "" {
		t.Fatalf("standard output has %q, %v", text, err)
	}
	text, err := os.ReadFile(o.Report)
	if err != nil {
		t.Fatal(err)
	}
	a, err := artifact.ReadFile(o.Out)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"file": text, "model": a.Report} {
		var got map[string]any
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{
			"kind", "series.services", "series.step", "target", "features", "window", "horizons", "label.kind", "split",
			"samples.train", "samples.validation", "samples.test", "network.hidden", "parameters", "learning.epochs", "learning.seed",
			"history.0.iteration", "history.0.phase", "history.0.training", "history.0.validation", "validation", "edges",
			"test.season", "test.overall.model.mae", "test.overall.persistence.rmse", "test.overall.seasonal.mape",
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
	o.Split = samples.Split{Train: 0.8, Validation: 0.2}
	if report, _, _ := mustRun(t, o); report.Test != nil || report.Samples.Test != 0 {
		t.Errorf("the report has %d samples and a test %+v", report.Samples.Test, report.Test)
	}
}
