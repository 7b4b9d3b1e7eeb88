package backtest_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/gnn"
	"github.com/deepscaler/deepscaler/estimator/model"
	"github.com/deepscaler/deepscaler/learner/backtest"
	"github.com/deepscaler/deepscaler/learner/evaluate"
	"github.com/deepscaler/deepscaler/learner/internal/fakehistory"
	"github.com/deepscaler/deepscaler/learner/samples"
	"github.com/deepscaler/deepscaler/learner/train"
)

var letters = []string{"a", "b", "c"}

// daily has load with a period of 20 steps and noise.
func daily(services []string, steps int) *estimator.Window {
	rng := rand.New(rand.NewPCG(2, 9))
	s := estimator.NewWindow(fakehistory.Named(services...), []estimator.Feature{"cpu", "requests"}, steps, 30*time.Second, time.Unix(1_700_000_000, 0))
	for t := range steps {
		for n := range services {
			load := 10*float64(n+1) + 5*math.Sin(2*math.Pi*float64(t)/20) + 0.1*rng.NormFloat64()
			s.Set(n, t, 0, load/100)
			s.Set(n, t, 1, load)
		}
	}
	return s
}

// constant is a model that predicts its target mean, whatever it sees: 10, 20
// and 30 requests of a, b and c.
func constant(t *testing.T) *artifact.Model {
	t.Helper()
	m, err := model.DeepScaler().New(gnn.Config{Services: 3, Window: 4, Features: 2, Outputs: 2, Hidden: 4, Kernel: 3, Blocks: 1}, rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		t.Fatal(err)
	}
	a := &artifact.Model{
		Kind: artifact.KindDeepScaler, Services: letters, Features: []string{"requests", "cpu"}, Target: "requests", Label: artifact.LabelObserved,
		Window: 4, Horizons: []int{1, 3}, Step: 30 * time.Second,
		Hyperparameters: artifact.Hyperparameters{Hidden: 4, Kernel: 3, Blocks: 1, Quantile: 0.5},
		Scaler: artifact.Scaler{
			Mean: [][]float64{{1, 0.1}, {2, 0.2}, {3, 0.3}}, Std: [][]float64{{1, 1}, {1, 1}, {1, 1}},
			TargetMean: []float64{10, 20, 30}, TargetStd: []float64{1, 1, 1},
		},
		Affinity: []float32{1, 0, 0, 0, 1, 0, 0, 0, 1},
		Created:  time.Unix(1_700_000_000, 0),
		Tensors:  model.Tensors(m),
	}
	for _, tensor := range a.Tensors {
		clear(tensor.Data)
	}
	return a
}

func report(t *testing.T, s *estimator.Window, a *artifact.Model, spec backtest.Spec) backtest.Report {
	t.Helper()
	r, err := backtest.Run(t.Context(), s, a, spec)
	if err != nil {
		t.Fatal(err)
	}
	return *r
}

// onTest judges on the part that was kept back.
var onTest = backtest.Spec{Part: samples.Test}

// The mean of |5·sin| is 10/π, whatever the service, when the model's own scaler
// is used and its services are found by their names.
func TestConstantModelHasTheErrorsOfItsMean(t *testing.T) {
	inOrder := constant(t)
	changes := constant(t)
	changes.Scaler.Anchor, changes.Scaler.TargetMean = artifact.AnchorChange, []float64{0, 0, 0}
	outOfOrder := constant(t)
	outOfOrder.Services = []string{"c", "a", "b"}
	outOfOrder.Scaler.TargetMean = []float64{30, 10, 20}
	for name, c := range map[string]struct {
		a    *artifact.Model
		want func(e evaluate.Errors) float64
	}{
		"level":        {inOrder, func(evaluate.Errors) float64 { return 10 / math.Pi }},
		"out of order": {outOfOrder, func(evaluate.Errors) float64 { return 10 / math.Pi }},
		// A change of nothing is persistence.
		"change": {changes, func(e evaluate.Errors) float64 { return e.Persistence.MAE }},
	} {
		t.Run(name, func(t *testing.T) {
			r := report(t, daily(letters, 1000), c.a, onTest)
			if r.Samples != 198 || r.Season != 20 || r.Hash != c.a.Hash() || r.Step != train.Duration(30*time.Second) {
				t.Errorf("%+v", r)
			}
			if len(r.Horizons) != 2 || r.Horizons[1].Horizon != 3 || len(r.Services) != 3 || r.Services[2].Service != "c" {
				t.Fatalf("horizons %+v, services %+v", r.Horizons, r.Services)
			}
			for at, e := range map[string]evaluate.Errors{
				"overall": r.Overall, "horizon 1": r.Horizons[0].Errors, "horizon 3": r.Horizons[1].Errors, "service c": r.Services[2].Errors,
			} {
				if want := c.want(e); math.Abs(e.Model.MAE-want) > 0.06 {
					t.Errorf("%s: MAE is %v, want %v", at, e.Model.MAE, want)
				}
				if !(e.Seasonal.MAE < 0.2 && e.Seasonal.MAE < e.Persistence.MAE) {
					t.Errorf("%s: MAE is %v of the season and %v of persistence", at, e.Seasonal.MAE, e.Persistence.MAE)
				}
			}
		})
	}
}

func TestPartsAndSplit(t *testing.T) {
	for name, c := range map[string]struct {
		report, split string
		part          samples.Part
		samples       int
	}{
		"default":           {"", "", samples.Test, 18},
		"of the training":   {`{"label": {"kind": "observed"}, "split": "50/10/40", "other": 1}`, "", samples.Test, 38},
		"of the flag":       {`{"label": {"kind": "observed"}, "split": "50/10/40"}`, "10/0/90", samples.Test, 88},
		"training part":     {"", "", samples.Train, 64},
		"validation part":   {"", "", samples.Validation, 8},
		"report of another": {`{}`, "", samples.Test, 18},
	} {
		t.Run(name, func(t *testing.T) {
			a := constant(t)
			if c.report != "" {
				a.Report = json.RawMessage(c.report)
			}
			spec := backtest.Spec{Part: c.part}
			if c.split != "" {
				if err := spec.Split.UnmarshalText([]byte(c.split)); err != nil {
					t.Fatal(err)
				}
			}
			if r := report(t, daily(letters, 100), a, spec); r.Samples != c.samples || r.Part != c.part.String() {
				t.Errorf("%d samples of the part %s, want %d", r.Samples, r.Part, c.samples)
			}
		})
	}
}

func TestWorkersDoNotMatter(t *testing.T) {
	a := constant(t)
	rng := rand.New(rand.NewPCG(4, 4))
	for _, tensor := range a.Tensors {
		for i := range tensor.Data {
			tensor.Data[i] = float32(rng.NormFloat64())
		}
	}
	one, three := onTest, onTest
	one.Workers, three.Workers = 1, 3
	if diff := cmp.Diff(report(t, daily(letters, 100), a, one), report(t, daily(letters, 100), a, three), cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("(-one +three):\n%s", diff)
	}
}

func TestJSONOfUnknownErrors(t *testing.T) {
	text, err := json.Marshal(evaluate.Metrics{MAE: math.NaN(), RMSE: math.Inf(1), MAPE: 2.5})
	if want := `{"count":0,"missed":0,"mae":null,"rmse":null,"mape":2.5}`; err != nil || string(text) != want {
		t.Errorf("%s, %v; want %s", text, err, want)
	}
	var back evaluate.Metrics
	if err := json.Unmarshal(text, &back); err != nil || !math.IsNaN(back.MAE) || back.MAPE != 2.5 {
		t.Errorf("read back %+v, %v", back, err)
	}
}

func TestJSONSchema(t *testing.T) {
	text, err := json.Marshal(report(t, daily(letters, 100), constant(t), onTest))
	if err != nil {
		t.Fatal(err)
	}
	type metrics struct{ MAE, RMSE, MAPE *float64 }
	type beside struct{ Model, Persistence, Seasonal metrics }
	var got struct {
		Overall  beside
		Horizons []struct {
			Horizon                      int
			Model, Persistence, Seasonal metrics
		}
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	all := []metrics{got.Overall.Model, got.Overall.Persistence, got.Overall.Seasonal}
	for i, h := range got.Horizons {
		if h.Horizon != []int{1, 3}[i] {
			t.Errorf("horizon %d is %d", i, h.Horizon)
		}
		all = append(all, h.Model, h.Persistence, h.Seasonal)
	}
	if len(all) != 9 {
		t.Fatalf("%d metrics in\n%s", len(all), text)
	}
	for i, m := range all {
		if m.MAE == nil || m.RMSE == nil || m.MAPE == nil {
			t.Errorf("metrics %d: %+v", i, m)
		}
	}
}
