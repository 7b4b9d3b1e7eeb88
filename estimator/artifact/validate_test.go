package artifact

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

func TestValidate(t *testing.T) {
	if err := tiny().Validate(); err != nil {
		t.Fatal(err)
	}
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		name   string
		change func(*Model)
		text   string // "" when the model is still valid
	}{
		{"no graphs", func(m *Model) { m.Graphs = nil }, ""},
		{"no report", func(m *Model) { m.Report = nil }, ""},
		{"no parent", func(m *Model) { m.Parent = "" }, ""},
		{"level", func(m *Model) { m.Scaler.Anchor, m.Target = AnchorLevel, "pods" }, ""},
		{"baseline without kernel", func(m *Model) { m.Kind, m.Hyperparameters.Kernel, m.Hyperparameters.Hidden = KindTGCN, 0, 3 }, ""},
		{"service names of the cluster", func(m *Model) { m.Services[0] = strings.Repeat("n", 63) + "/" + strings.Repeat("é", 126) }, ""},

		{"no services", func(m *Model) { m.Services = nil }, "0 services"},
		{"too many services", func(m *Model) { m.Services = make([]string, maxServices+1) }, "8193 services"},
		{"service twice", func(m *Model) { m.Services[1] = m.Services[0] }, `service "shop/cart" occurs twice`},
		{"service without a name", func(m *Model) { m.Services[1] = "" }, "service 1: name is empty"},
		{"service with a long name", func(m *Model) { m.Services[1] = strings.Repeat("x", 513) }, "513 bytes"},
		{"service with a line break", func(m *Model) { m.Services[1] = "shop\nweb" }, "printed"},
		{"service that is not UTF-8", func(m *Model) { m.Services[1] = "\xff" }, "printed"},
		{"service less", func(m *Model) { m.Services = m.Services[:1] }, "rows"},
		{"no features", func(m *Model) { m.Features = nil }, "0 features"},
		{"feature twice", func(m *Model) { m.Features[1] = "replicas" }, `feature "replicas" occurs twice`},
		{"feature less", func(m *Model) { m.Features = m.Features[:2] }, "2 features"},
		{"window", func(m *Model) { m.Window = 0 }, "window is 0"},
		{"long window", func(m *Model) { m.Window = maxSteps + 1 }, "window is 65537"},
		{"no horizons", func(m *Model) { m.Horizons = nil }, "no horizons"},
		{"horizon of now", func(m *Model) { m.Horizons[0] = 0 }, "horizon 0 is 0"},
		{"horizons descend", func(m *Model) { m.Horizons[2] = 2 }, "horizon 2 is 2"},
		{"far horizon", func(m *Model) { m.Horizons[2] = math.MaxInt }, "horizon 2"},
		{"no step", func(m *Model) { m.Step = 0 }, "step is 0s"},
		{"step back", func(m *Model) { m.Step = -time.Second }, "step is -1s"},
		{"long step", func(m *Model) { m.Step = 25 * time.Hour }, "step is 25h"},

		{"kind", func(m *Model) { m.Kind = "lstm" }, `kind is "lstm"`},
		{"label", func(m *Model) { m.Label = "" }, `label is ""`},
		{"target", func(m *Model) { m.Target = "" }, "target: name is empty"},
		{"no channels", func(m *Model) { m.Hyperparameters.Hidden = 0 }, "hidden is 0"},
		{"odd channels", func(m *Model) { m.Hyperparameters.Hidden = 3 }, "even"},
		{"even kernel", func(m *Model) { m.Hyperparameters.Kernel = 2 }, "odd"},
		{"negative kernel", func(m *Model) { m.Hyperparameters.Kernel = -1 }, "kernel is -1"},
		{"no blocks", func(m *Model) { m.Hyperparameters.Blocks = 0 }, "blocks is 0"},
		{"negative order", func(m *Model) { m.Hyperparameters.Order = -1 }, "order is -1"},
		{"quantile of one", func(m *Model) { m.Hyperparameters.Quantile = 1 }, "quantile is 1"},
		{"quantile of NaN", func(m *Model) { m.Hyperparameters.Quantile = nan }, "quantile is NaN"},

		{"row of means", func(m *Model) { m.Scaler.Mean = m.Scaler.Mean[:1] }, "scaler has 1"},
		{"row of stds", func(m *Model) { m.Scaler.Std = nil }, "scaler has 2, 0"},
		{"target means", func(m *Model) { m.Scaler.TargetMean = nil }, "scaler has 2, 2, 0"},
		{"target stds", func(m *Model) { m.Scaler.TargetStd = append(m.Scaler.TargetStd, 1) }, "scaler has 2, 2, 2 and 3"},
		{"mean more", func(m *Model) { m.Scaler.Mean[1] = []float64{1, 2, 3, 4} }, "4 means"},
		{"std less", func(m *Model) { m.Scaler.Std[1] = nil }, "0 stds"},
		{"infinite mean", func(m *Model) { m.Scaler.Mean[1][2] = -inf }, `"shop/web", feature "requests": mean is -Inf`},
		{"NaN mean", func(m *Model) { m.Scaler.Mean[1][2] = nan }, "mean is NaN"},
		{"NaN std", func(m *Model) { m.Scaler.Std[0][1] = nan }, "std is NaN"},
		{"infinite std", func(m *Model) { m.Scaler.Std[0][1] = inf }, "std is +Inf"},
		{"std of 0", func(m *Model) { m.Scaler.Std[0][1] = 0 }, "std is 0"},
		{"negative std", func(m *Model) { m.Scaler.Std[0][1] = -1 }, "std is -1"},
		{"std too small to divide by", func(m *Model) { m.Scaler.Std[0][1] = 1e-310 }, "std is 1e-310"},
		{"target std of 0", func(m *Model) { m.Scaler.TargetStd[0] = 0 }, "target: std is 0"},
		{"NaN target mean", func(m *Model) { m.Scaler.TargetMean[0] = nan }, "target: mean is NaN"},
		{"too few shares", func(m *Model) { m.Scaler.Shares = []float64{1} }, "1 shares for 3 horizons"},
		{"share", func(m *Model) { m.Scaler.Shares[1] = -1 }, "output 1 is -1"},
		{"unknown share", func(m *Model) { m.Scaler.Shares[2] = math.NaN() }, "share of output 2 is NaN"},
		{"anchor", func(m *Model) { m.Scaler.Anchor = "ratio" }, `anchor is "ratio"`},
		{"change of something unseen", func(m *Model) { m.Target = "pods" }, `"pods"`},

		{"sizings", func(m *Model) { *m = *sized() }, ""},
		{"sizings of nothing", func(m *Model) { m.Scaler.Sizings = sized().Scaler.Sizings }, `2 sizings, which the anchor "change" does not use`},
		{"sizings of a level", func(m *Model) { *m = *sized(); m.Scaler.Anchor = AnchorLevel }, `2 sizings, which the anchor ""`},
		{"demand without sizings", func(m *Model) { m.Scaler.Anchor = AnchorDemand }, "0 sizings for 2 services"},
		{"demand with a sizing less", func(m *Model) { *m = *sized(); m.Scaler.Sizings = m.Scaler.Sizings[:1] }, "1 sizings for 2 services"},
		{"demand without cpu", func(m *Model) { *m = *sized(); m.Features[1] = "memory" }, `needs "cpu"`},
		{"demand without replicas", func(m *Model) { *m = *sized(); m.Features[0] = "memory" }, `needs "replicas"`},
		{"demand for something else", func(m *Model) { *m = *sized(); m.Target = "requests" }, `the target is "requests"`},
		{"demand for what ran", func(m *Model) { *m = *sized(); m.Label = LabelObserved }, `the label "observed"`},
		{"NaN idle", func(m *Model) { *m = *sized(); m.Scaler.Sizings[1].Idle = nan }, `sizing of service "shop/web" has NaN`},
		{"infinite utilisation", func(m *Model) { *m = *sized(); m.Scaler.Sizings[0].Utilisation = inf }, `sizing of service "shop/cart" has +Inf`},
		{"negative idle", func(m *Model) { *m = *sized(); m.Scaler.Sizings[0].Idle = -0.1 }, "idle utilisation is -0.1"},
		{"all idle", func(m *Model) { *m = *sized(); m.Scaler.Sizings[0].Idle = 0.5 }, "idle utilisation is 0.5 and the target 0.5"},
		{"no utilisation", func(m *Model) { *m = *sized(); m.Scaler.Sizings[1].Utilisation = 0 }, "the target 0"},
		{"utilisation in per cent", func(m *Model) { *m = *sized(); m.Scaler.Sizings[1].Utilisation = 75 }, "the target 75"},

		{"no affinity", func(m *Model) { m.Affinity = nil }, "affinity: matrix has 0"},
		{"NaN affinity", func(m *Model) { m.Affinity[1] = float32(nan) }, "affinity: element 1 is NaN"},
		{"negative affinity", func(m *Model) { m.Affinity[2] = -1 }, "affinity: entry [1,0] is -1"},
		{"graph without a name", func(m *Model) { m.Graphs[1].Name = "" }, "graph 1: name is empty"},
		{"graph twice", func(m *Model) { m.Graphs[1].Name = "invocation" }, "twice"},
		{"infinite loss", func(m *Model) { m.Graphs[0].Loss = inf }, "loss is +Inf"},
		{"negative loss", func(m *Model) { m.Graphs[0].Loss = -1 }, "loss is -1"},
		{"small graph", func(m *Model) { m.Graphs[0].Affinity = []float32{1} }, `"invocation": matrix has 1`},
		{"infinite graph", func(m *Model) { m.Graphs[0].Affinity[0] = float32(inf) }, `"invocation": element 0 is +Inf`},

		{"no parameters", func(m *Model) { m.Tensors = nil }, "no parameters"},
		{"too many parameters", func(m *Model) { m.Tensors = make([]Tensor, maxTensors) }, "4099 tensors"},
		{"tensor without a name", func(m *Model) { m.Tensors[0].Name = "" }, "tensor 0: name is empty"},
		{"tensor twice", func(m *Model) { m.Tensors[1].Name = m.Tensors[0].Name }, "occurs twice"},
		{"tensor named affinity", func(m *Model) { m.Tensors[0].Name = "affinity" }, "reserved"},
		{"tensor named like a graph", func(m *Model) { m.Tensors[0].Name = "graphs.x" }, "reserved"},
		{"tensor named like metadata", func(m *Model) { m.Tensors[0].Name = "__metadata__" }, "reserved"},
		{"element missing", func(m *Model) { m.Tensors[1].Data = m.Tensors[1].Data[:5] }, "has 5 elements, want 6"},
		{"empty tensor", func(m *Model) { m.Tensors[1] = Tensor{Name: "x", Shape: []int{0}} }, "below 1"},
		{"overflow to the right size", func(m *Model) { m.Tensors[1].Shape = []int{math.MaxInt, math.MaxInt, 6} }, "too many"},
		{"dimensions", func(m *Model) { m.Tensors[1].Shape = []int{3, 2, 1, 1, 1, 1, 1, 1, 1} }, "9 dimensions"},
		{"NaN weight", func(m *Model) { m.Tensors[1].Data[3] = float32(nan) }, `u2": element 3 is NaN`},

		{"empty report", func(m *Model) { m.Report = json.RawMessage{} }, "report is not JSON"},
		{"broken report", func(m *Model) { m.Report = json.RawMessage("{") }, "report is not JSON"},
		{"report that is not UTF-8", func(m *Model) { m.Report = json.RawMessage("\"\xff\"") }, "report is not JSON"},
		{"long report", func(m *Model) { m.Report = json.RawMessage(strings.Repeat(" ", maxReport) + "1") }, "1048577"},
		{"short parent", func(m *Model) { m.Parent = "abc" }, "parent"},
		{"parent in capitals", func(m *Model) { m.Parent = strings.ToUpper(m.Parent) }, "parent"},
		{"no creation time", func(m *Model) { m.Created = time.Time{} }, "year 1"},
		{"creation time that JSON cannot hold", func(m *Model) { m.Created = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, "year 10000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := tiny()
			c.change(m)
			err := m.Validate()
			if c.text == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), c.text) {
				t.Fatalf("error %v, want %q with %q", err, ErrInvalid, c.text)
			}
			if finite := !strings.Contains(c.text, "Inf") && !strings.HasSuffix(c.text, "NaN"); errors.Is(err, ErrNotFinite) == finite && !strings.Contains(c.text, "quantile") {
				t.Errorf("error %v: wraps %q: %v", err, ErrNotFinite, !finite)
			}
		})
	}
}
