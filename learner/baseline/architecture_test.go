package baseline

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/gnn"
	"github.com/deepscaler/deepscaler/estimator/model"
)

// stored returns a valid model file with a network of that kind for two services.
func stored(t *testing.T, kind string) *artifact.Model {
	t.Helper()
	a := &artifact.Model{
		Kind: kind, Services: []string{"a", "b"}, Features: []string{"cpu", "requests"}, Target: "replicas", Label: artifact.LabelRequired,
		Window: 4, Horizons: []int{1, 2}, Step: 30 * time.Second, Created: time.Unix(1_700_000_000, 0),
		Hyperparameters: artifact.Hyperparameters{Hidden: 8, Blocks: 1, Quantile: 0.5},
		Scaler: artifact.Scaler{
			Mean: [][]float64{{0, 1}, {2, 3}}, Std: [][]float64{{1, 1}, {2, 2}}, TargetMean: []float64{1, 2}, TargetStd: []float64{1, 1},
		},
		Affinity: []float32{1, 0.5, 0, 1},
	}
	if kind == artifact.KindDeepScaler {
		a.Hyperparameters.Kernel = 3
	}
	x, err := Of(kind)
	if err != nil {
		t.Fatal(err)
	}
	m, err := x.New(model.Config(a), rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	a.Tensors = model.Tensors(m)
	for i, tensor := range a.Tensors {
		for j := range tensor.Data {
			a.Tensors[i].Data[j] = float32(i) + float32(j)/64
		}
	}
	return a
}

func TestLoadTakesEveryKind(t *testing.T) {
	names := map[string][]string{}
	for kind, order := range map[string]int{artifact.KindDeepScaler: 3, artifact.KindDCRNN: 2, artifact.KindTGCN: 1} {
		a := stored(t, kind)
		a.Hyperparameters.Order = order
		m, err := Load(a)
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if diff := cmp.Diff(a.Tensors, model.Tensors(m)); diff != "" {
			t.Errorf("%s: tensors of the loaded network differ (-file +network):\n%s", kind, diff)
		}
		for _, p := range m.Parameters() {
			names[kind] = append(names[kind], p.Name)
		}
	}
	if slices.Equal(names[artifact.KindDeepScaler], names[artifact.KindDCRNN]) || slices.Equal(names[artifact.KindDCRNN], names[artifact.KindTGCN]) {
		t.Errorf("two kinds have the same parameters: %v", names)
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		kind   string
		change func(a *artifact.Model)
		want   string
	}{
		"an invalid model":              {artifact.KindTGCN, func(a *artifact.Model) { a.Window = 0 }, "window is 0"},
		"an unknown kind":               {artifact.KindTGCN, func(a *artifact.Model) { a.Kind = "lstm" }, `"lstm"`},
		"the tensors of another kind":   {artifact.KindTGCN, func(a *artifact.Model) { a.Kind = artifact.KindDCRNN }, "has shape"},
		"more blocks than the file":     {artifact.KindDCRNN, func(a *artifact.Model) { a.Hyperparameters.Blocks = 2 }, `"encoder.1.input" is missing`},
		"another order":                 {artifact.KindDCRNN, func(a *artifact.Model) { a.Hyperparameters.Order = 3 }, "of order 2"},
		"sizes that take all memory":    {artifact.KindDCRNN, func(a *artifact.Model) { a.Hyperparameters.Hidden, a.Hyperparameters.Blocks = 4096, 16 }, "damaged"},
		"sizes beyond any network":      {artifact.KindTGCN, func(a *artifact.Model) { a.Hyperparameters.Hidden = 1 << 16 }, "hidden is 65536"},
		"parameters of another network": {artifact.KindDCRNN, func(a *artifact.Model) { a.Tensors[0].Name = "encoder.9.bias" }, "is missing"},
	} {
		a := stored(t, tc.kind)
		tc.change(a)
		if m, err := Load(a); err == nil || !strings.Contains(err.Error(), tc.want) || m != nil {
			t.Errorf("%s: network %v and error %v, want none and one with %q", name, m, err, tc.want)
		}
	}
}

func TestOfRefusesAnUnknownKind(t *testing.T) {
	if _, err := Of("lstm"); err == nil || !strings.Contains(err.Error(), "deepscaler, dcrnn, tgcn") {
		t.Errorf("error %v, want one that names the kinds", err)
	}
}

// TestNewNetworksAnswerZero: training starts from the mean, or from no change.
func TestNewNetworksAnswerZero(t *testing.T) {
	shape := gnn.Config{Services: 3, Window: 4, Features: 2, Outputs: 2, Hidden: 8, Kernel: 3, Blocks: 2}
	for _, x := range Architectures() {
		rng := rand.New(rand.NewPCG(1, 3))
		m, err := x.New(shape, rng)
		if err != nil {
			t.Fatal(err)
		}
		inputs, y := make([]float32, 24), make([]float32, 6)
		for i := range inputs {
			inputs[i] = float32(1e3 * rng.NormFloat64())
		}
		basis := make([]float32, m.BasisSize())
		m.Basis(basis, []float32{1, 0.5, 0, 0, 1, 0.5, 0.5, 0, 1})
		m.Inference().Forward(inputs, basis, y)
		if diff := cmp.Diff(make([]float32, 6), y); diff != "" {
			t.Errorf("%s (-zeros +got):\n%s", x.Kind, diff)
		}
	}
}
