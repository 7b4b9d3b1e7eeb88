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
	m, err := DeepScaler().New(shape, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	if m.Config() != shape {
		t.Errorf("shape is %+v, want %+v", m.Config(), shape)
	}
	again, err := DeepScaler().New(shape, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Tensors(m), Tensors(again)); diff != "" {
		t.Errorf("networks of the same seed differ (-first +second):\n%s", diff)
	}
	shape.Blocks = 0
	m, err = DeepScaler().New(shape, rand.New(rand.NewPCG(1, 2)))
	checkError(t, err, "blocks is 0")
	if m != nil {
		t.Errorf("network without blocks is %v, want nil", m)
	}
}

// TestNewNetworkSaysZero: training starts from the mean, or from no change.
func TestNewNetworkSaysZero(t *testing.T) {
	shape := gnn.Config{Services: 3, Window: 4, Features: 2, Outputs: 2, Hidden: 8, Kernel: 3, Blocks: 2}
	for seed := range uint64(3) {
		rng := rand.New(rand.NewPCG(seed, 3))
		m, err := DeepScaler().New(shape, rng)
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
				t.Errorf("inputs of about %v (-zeros +got):\n%s", scale, diff)
			}
		}
		if drawHead(t, m, rng); slices.Contains(says(), 0) {
			t.Error("a network with another head still says 0")
		}
	}
}

func TestConfig(t *testing.T) {
	a := untrained(t, numbered(3))
	want := gnn.Config{Services: 3, Window: 4, Features: 5, Outputs: 3, Hidden: 8, Kernel: 3, Blocks: 1}
	if got := Config(a); got != want {
		t.Errorf("shape is %+v, want %+v", got, want)
	}
	want.Kernel, a.Hyperparameters.Kernel = 1, 0
	if got := Config(a); got != want {
		t.Errorf("shape of a network without a kernel is %+v, want %+v", got, want)
	}
}

func TestLoad(t *testing.T) {
	a := untrained(t, numbered(3))
	for i := range a.Tensors {
		for j := range a.Tensors[i].Data {
			a.Tensors[i].Data[j] = float32(i) + float32(j)/64
		}
	}
	want := Tensors(mustLoad(t, a))
	if diff := cmp.Diff(a.Tensors, want); diff != "" {
		t.Errorf("tensors of the loaded network differ (-file +network):\n%s", diff)
	}
	slices.Reverse(a.Tensors)
	if diff := cmp.Diff(want, Tensors(mustLoad(t, a))); diff != "" {
		t.Errorf("the order of tensors in the file matters (-there +reversed):\n%s", diff)
	}
}

// TestLoadedNetworkTrains: whoever warm-starts from a file has the gradients of
// the network that was written.
func TestLoadedNetworkTrains(t *testing.T) {
	a := untrained(t, numbered(3))
	a.Hyperparameters.Blocks = 2
	m := drawn(t, a, rand.New(rand.NewPCG(8, 9)))
	a.Tensors = Tensors(m)
	written := gradients(m, a)
	if diff := cmp.Diff(written, gradients(mustLoad(t, a), a)); diff != "" {
		t.Errorf("gradients differ (-written +loaded):\n%s", diff)
	}
	for i, p := range m.Parameters() {
		if !slices.ContainsFunc(written[i], func(v float32) bool { return v != 0 }) {
			t.Errorf("the gradient of %s is 0, and shows nothing", p.Name)
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
	a := untrained(t, numbered(3))
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
		change func(a *artifact.Model)
		want   []string
	}{
		{"an invalid model", func(a *artifact.Model) { a.Window = 0 }, []string{"invalid model", "window is 0"}},
		{"a missing parameter", func(a *artifact.Model) {
			a.Tensors = slices.DeleteFunc(a.Tensors, func(t artifact.Tensor) bool { return t.Name == "blocks.0.attention.u2" })
		}, []string{`"blocks.0.attention.u2" is missing`, "[5 3]"}},
		{"a surplus parameter", func(a *artifact.Model) {
			a.Tensors = append(a.Tensors, artifact.Tensor{Name: "encoder.9.bias", Shape: []int{1}, Data: []float32{1}})
		}, []string{`"encoder.9.bias"`, "not a parameter", `"deepscaler"`}},
		{"another shape of the same size", func(a *artifact.Model) {
			for i := range a.Tensors {
				if a.Tensors[i].Name == "blocks.0.attention.u2" {
					a.Tensors[i].Shape = []int{3, 5}
				}
			}
		}, []string{`"blocks.0.attention.u2" has shape [3 5], want [5 3]`}},
		{"another kind", func(a *artifact.Model) { a.Kind = artifact.KindDCRNN }, []string{`"dcrnn", want "deepscaler"`}},
		{"more blocks than the file has", func(a *artifact.Model) { a.Hyperparameters.Blocks = 2 }, []string{`"blocks.1.attention.u1" is missing`}},
		{"fewer blocks than the file has", func(a *artifact.Model) {
			a.Hyperparameters.Blocks = 2
			redraw(t, a)
			a.Hyperparameters.Blocks = 1
		}, []string{`"blocks.1.attention.u1"`, "not a parameter"}},
		{"sizes that would take all memory", func(a *artifact.Model) {
			a.Hyperparameters.Hidden, a.Hyperparameters.Kernel, a.Hyperparameters.Blocks = 4096, 999, 16
		}, []string{"damaged"}},
		{"sizes beyond any network", func(a *artifact.Model) {
			a.Hyperparameters.Hidden, a.Hyperparameters.Blocks = 1<<16, 1<<16
		}, []string{"hidden is 65536", "blocks is 65536"}},
		{"another order", func(a *artifact.Model) { a.Hyperparameters.Order = 2 }, []string{"of order 2", "of order 3"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			a := untrained(t, numbered(3))
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
	a := untrained(t, numbered(2))
	a.Hyperparameters.Order = 3
	mustLoad(t, a)
}

func mustLoad(t *testing.T, a *artifact.Model) gnn.Model[float32] {
	t.Helper()
	m, err := Load(a)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
