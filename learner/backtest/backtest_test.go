package backtest_test

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
	"github.com/deepscaler/deepscaler/learner/history"
)

var letters = []string{"a", "b", "c"}

func named(names ...string) []estimator.Service {
	services, err := estimator.ParseServices(names)
	if err != nil {
		panic(err)
	}
	return services
}

// daily has load with a period of 20 steps and noise.
func daily(services []string, steps int) *estimator.Window {
	rng := rand.New(rand.NewPCG(2, 9))
	s := estimator.NewWindow(named(services...), []estimator.Feature{"cpu", "requests"}, steps, 30*time.Second, time.Unix(1_700_000_000, 0))
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

// options are those of a backtest of the model on the series.
func options(t *testing.T, a *artifact.Model, s *estimator.Window) *backtest.Options {
	t.Helper()
	dir := t.TempDir()
	o := backtest.NewOptions()
	o.Series, o.ModelFile = filepath.Join(dir, "series.csv"), filepath.Join(dir, "model.safetensors")
	var text bytes.Buffer
	if err := history.Write(&text, s); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(o.Series, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := artifact.WriteFile(o.ModelFile, a); err != nil {
		t.Fatal(err)
	}
	return o
}

func run(t *testing.T, o *backtest.Options) (string, error) {
	t.Helper()
	if err := o.Validate(); err != nil {
		return "", err
	}
	var out bytes.Buffer
	c, err := o.Config(&out)
	if err != nil {
		return "", err
	}
	err = c.Run(t.Context())
	return out.String(), err
}

func report(t *testing.T, o *backtest.Options) backtest.Report {
	t.Helper()
	o.Output = "json"
	text, err := run(t, o)
	if err != nil {
		t.Fatal(err)
	}
	var r backtest.Report
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		t.Fatal(err)
	}
	return r
}

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
			o := options(t, c.a, daily(letters, 1000))
			o.PerService = true
			r := report(t, o)
			if r.Samples != 198 || r.Season != 20 || r.Hash != c.a.Hash() || r.Step != backtest.Duration(30*time.Second) {
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
		report, split, part string
		samples             int
	}{
		"default":           {"", "", "test", 18},
		"of the training":   {`{"label": {"kind": "observed"}, "split": "50/10/40", "other": 1}`, "", "test", 38},
		"of the flag":       {`{"label": {"kind": "observed"}, "split": "50/10/40"}`, "10/0/90", "test", 88},
		"training part":     {"", "", "train", 64},
		"validation part":   {"", "", "validation", 8},
		"report of another": {`{}`, "", "test", 18},
	} {
		t.Run(name, func(t *testing.T) {
			a := constant(t)
			if c.report != "" {
				a.Report = json.RawMessage(c.report)
			}
			o := options(t, a, daily(letters, 100))
			o.Split, o.Part = c.split, c.part
			if r := report(t, o); r.Samples != c.samples || r.Part != c.part || r.Services != nil {
				t.Errorf("%d samples of the part %s, want %d; services %v", r.Samples, r.Part, c.samples, r.Services)
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
	o := options(t, a, daily(letters, 100))
	o.Workers = 1
	one := report(t, o)
	o.Workers = 3
	if diff := cmp.Diff(one, report(t, o), cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("(-one +three):\n%s", diff)
	}
}

func TestTable(t *testing.T) {
	s := daily(letters, 100)
	for at := 80; at < 100; at++ {
		s.Set(2, at, 1, math.NaN())
	}
	o := options(t, constant(t), s)
	o.PerService = true
	text, err := run(t, o)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	var first []string
	for _, line := range lines {
		if fields := strings.Fields(line); len(fields) > 0 {
			first = append(first, fields[0])
		}
	}
	want := []string{"deepscaler", "steps", "1", "3", "all", "service", "a", "b", "c"}
	if !slices.Equal(first, want) {
		t.Errorf("lines begin with %q, want %q:\n%s", first, want, text)
	}
	if last := lines[len(lines)-1]; strings.Count(last, " -") != 9 {
		t.Errorf("a service without labels has errors: %q", last)
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
	o := options(t, constant(t), daily(letters, 100))
	o.Output = "json"
	text, err := run(t, o)
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
	if err := json.Unmarshal([]byte(text), &got); err != nil {
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
