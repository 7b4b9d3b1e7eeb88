package model

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/gnn"
)

func TestNew(t *testing.T) {
	shape := gnn.Config{Services: 3, Window: 4, Features: 2, Outputs: 2, Hidden: 8, Kernel: 3, Blocks: 2}
	names := map[string][]string{}
	for _, kind := range Kinds() {
		m, err := New(kind, shape, rand.New(rand.NewPCG(1, 2)))
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if m.Config() != shape {
			t.Errorf("%s has shape %+v, want %+v", kind, m.Config(), shape)
		}
		again, err := New(kind, shape, rand.New(rand.NewPCG(1, 2)))
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if diff := cmp.Diff(Tensors(m), Tensors(again)); diff != "" {
			t.Errorf("%s of the same seed differs (-first +second):\n%s", kind, diff)
		}
		for _, p := range m.Parameters() {
			names[kind] = append(names[kind], p.Name)
		}

		bad := shape
		bad.Blocks = 0
		m, err = New(kind, bad, rand.New(rand.NewPCG(1, 2)))
		checkError(t, err, "blocks is 0")
		if m != nil {
			t.Errorf("%s without blocks is %v, want nil", kind, m)
		}
	}
	if slices.Equal(names[artifact.KindDeepScaler], names[artifact.KindDCRNN]) || slices.Equal(names[artifact.KindDCRNN], names[artifact.KindTGCN]) {
		t.Errorf("two kinds have the same parameters: %v", names)
	}
	_, err := New("lstm", shape, rand.New(rand.NewPCG(1, 2)))
	checkError(t, err, `"lstm"`, "deepscaler, dcrnn, tgcn")
}

// TestNewNetworkSaysZero: training starts from the mean, or from no change.
func TestNewNetworkSaysZero(t *testing.T) {
	shape := gnn.Config{Services: 3, Window: 4, Features: 2, Outputs: 2, Hidden: 8, Kernel: 3, Blocks: 2}
	for _, kind := range Kinds() {
		for seed := range uint64(3) {
			rng := rand.New(rand.NewPCG(seed, 3))
			m, err := New(kind, shape, rng)
			if err != nil {
				t.Fatal(err)
			}
			x, affinity := make([]float32, shape.Window*shape.Services*shape.Features), make([]float32, shape.Services*shape.Services)
			for i := range affinity {
				affinity[i] = rng.Float32()
			}
			basis, zeros := make([]float32, m.BasisSize()), make([]float32, shape.Services*shape.Outputs)
			m.Basis(basis, affinity)
			says := func() []float32 {
				y := make([]float32, len(zeros))
				m.Inference().Forward(x, basis, y)
				return y
			}
			for _, scale := range []float64{0, 1, 1e6} {
				for i := range x {
					x[i] = float32(scale * rng.NormFloat64())
				}
				if diff := cmp.Diff(zeros, says()); diff != "" {
					t.Errorf("%s, inputs of about %v (-zeros +got):\n%s", kind, scale, diff)
				}
			}
			if drawHead(t, m, rng); slices.Contains(says(), 0) {
				t.Errorf("%s with another head still says 0", kind)
			}
		}
	}
}

func TestConfig(t *testing.T) {
	a := untrained(t, artifact.KindDeepScaler, numbered(3))
	want := gnn.Config{Services: 3, Window: 4, Features: 5, Outputs: 3, Hidden: 8, Kernel: 3, Blocks: 1}
	if got := Config(a); got != want {
		t.Errorf("shape is %+v, want %+v", got, want)
	}
	want.Kernel = 1
	if got := Config(untrained(t, artifact.KindDCRNN, numbered(3))); got != want {
		t.Errorf("shape of a network without a kernel is %+v, want %+v", got, want)
	}
}

func TestLoad(t *testing.T) {
	for _, kind := range Kinds() {
		a := untrained(t, kind, numbered(3))
		for i := range a.Tensors {
			for j := range a.Tensors[i].Data {
				a.Tensors[i].Data[j] = float32(i) + float32(j)/64
			}
		}
		want := Tensors(mustLoad(t, a))
		if diff := cmp.Diff(a.Tensors, want); diff != "" {
			t.Errorf("%s: tensors of the loaded network differ (-file +network):\n%s", kind, diff)
		}
		slices.Reverse(a.Tensors)
		if diff := cmp.Diff(want, Tensors(mustLoad(t, a))); diff != "" {
			t.Errorf("%s: the order of tensors in the file matters (-there +reversed):\n%s", kind, diff)
		}
	}
}

// TestLoadedNetworkTrains: whoever warm-starts from a file has the gradients of
// the network that was written.
func TestLoadedNetworkTrains(t *testing.T) {
	for _, kind := range Kinds() {
		a := untrained(t, kind, numbered(3))
		a.Hyperparameters.Blocks = 2
		m := drawn(t, a, rand.New(rand.NewPCG(8, 9)))
		a.Tensors = Tensors(m)
		written := gradients(m, a)
		if diff := cmp.Diff(written, gradients(mustLoad(t, a), a)); diff != "" {
			t.Errorf("%s: gradients differ (-written +loaded):\n%s", kind, diff)
		}
		for i, p := range m.Parameters() {
			if !slices.ContainsFunc(written[i], func(v float32) bool { return v != 0 }) {
				t.Errorf("%s: the gradient of %s is 0, and shows nothing", kind, p.Name)
			}
		}
	}
}

// gradients returns those of the sum of the outputs, for one sample.
func gradients(m gnn.Model[float32], a *artifact.Model) [][]float32 {
	c := m.Config()
	x, dy := make([]float32, c.Window*c.Services*c.Features), make([]float32, c.Services*c.Outputs)
	for i := range x {
		x[i] = float32(i%7) / 3
	}
	for i := range dy {
		dy[i] = 1
	}
	basis := make([]float32, m.BasisSize())
	m.Basis(basis, a.Affinity)
	pass := m.Training(true)
	pass.Forward(x, basis, make([]float32, len(dy)))
	pass.Backward(dy, basis, nil)
	return pass.Gradients()
}

// TestTensorsAreCopies also holds for what Load reads: nobody changes a network
// that serves through a model file.
func TestTensorsAreCopies(t *testing.T) {
	a := untrained(t, artifact.KindDeepScaler, numbered(3))
	m := mustLoad(t, a)
	want := Tensors(m)
	a.Tensors[0].Data[0]++
	Tensors(m)[0].Data[0]++
	Tensors(m)[0].Shape[0]++
	if diff := cmp.Diff(want, Tensors(m)); diff != "" {
		t.Errorf("the network changed with a copy (-before +after):\n%s", diff)
	}
}

func TestLoadRefuses(t *testing.T) {
	tests := []struct {
		name   string
		kind   string
		change func(a *artifact.Model)
		want   []string
	}{
		{"an invalid model", artifact.KindTGCN, func(a *artifact.Model) { a.Window = 0 }, []string{"invalid model", "window is 0"}},
		{"a missing parameter", artifact.KindDeepScaler, func(a *artifact.Model) {
			a.Tensors = slices.DeleteFunc(a.Tensors, func(t artifact.Tensor) bool { return t.Name == "blocks.0.attention.u2" })
		}, []string{`"blocks.0.attention.u2" is missing`, "[5 3]"}},
		{"a surplus parameter", artifact.KindDCRNN, func(a *artifact.Model) {
			a.Tensors = append(a.Tensors, artifact.Tensor{Name: "encoder.9.bias", Shape: []int{1}, Data: []float32{1}})
		}, []string{`"encoder.9.bias"`, "not a parameter", `"dcrnn"`}},
		{"another shape of the same size", artifact.KindDeepScaler, func(a *artifact.Model) {
			for i := range a.Tensors {
				if a.Tensors[i].Name == "blocks.0.attention.u2" {
					a.Tensors[i].Shape = []int{3, 5}
				}
			}
		}, []string{`"blocks.0.attention.u2" has shape [3 5], want [5 3]`}},
		{"the tensors of another kind", artifact.KindTGCN, func(a *artifact.Model) { a.Kind = artifact.KindDCRNN }, []string{"has shape"}},
		{"more blocks than the file has", artifact.KindDCRNN, func(a *artifact.Model) { a.Hyperparameters.Blocks = 2 }, []string{`"encoder.1.input" is missing`}},
		{"fewer blocks than the file has", artifact.KindDeepScaler, func(a *artifact.Model) {
			a.Hyperparameters.Blocks = 2
			redraw(t, a)
			a.Hyperparameters.Blocks = 1
		}, []string{`"blocks.1.attention.u1"`, "not a parameter"}},
		{"sizes that would take all memory", artifact.KindDeepScaler, func(a *artifact.Model) {
			a.Hyperparameters.Hidden, a.Hyperparameters.Kernel, a.Hyperparameters.Blocks = 4096, 999, 16
		}, []string{"damaged"}},
		{"sizes beyond any network", artifact.KindTGCN, func(a *artifact.Model) {
			a.Hyperparameters.Hidden, a.Hyperparameters.Blocks = 1<<16, 1<<16
		}, []string{"hidden is 65536", "blocks is 65536"}},
		{"another order", artifact.KindDeepScaler, func(a *artifact.Model) { a.Hyperparameters.Order = 2 }, []string{"of order 2", "of order 3"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			a := untrained(t, tc.kind, numbered(3))
			tc.change(a)
			m, err := Load(a)
			checkError(t, err, tc.want...)
			if m != nil {
				t.Errorf("network is %v, want nil", m)
			}
		})
	}
}

func TestLoadTakesTheOrderOfTheKind(t *testing.T) {
	for kind, order := range map[string]int{artifact.KindDeepScaler: 3, artifact.KindDCRNN: 2, artifact.KindTGCN: 1} {
		a := untrained(t, kind, numbered(2))
		a.Hyperparameters.Order = order
		mustLoad(t, a)
	}
}

func mustLoad(t *testing.T, a *artifact.Model) gnn.Model[float32] {
	t.Helper()
	m, err := Load(a)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
