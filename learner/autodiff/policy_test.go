package autodiff

import (
	"math"
	"math/rand/v2"
	"testing"

	"gorgonia.org/gorgonia"

	"github.com/deepscaler/deepscaler/estimator/gnn"
	"github.com/deepscaler/deepscaler/estimator/graph"
)

// newModel returns a network with random weights in the head as well, which begins
// as zeros and would let no gradient through.
func newModel(t testing.TB, c gnn.Config) *gnn.Network[float32] {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	m, err := gnn.New(c, rng)
	if err != nil {
		t.Fatal(err)
	}
	bound := 1 / math.Sqrt(float64(c.Window*c.Hidden))
	for _, p := range m.Parameters() {
		if p.Name == "head.weight" {
			for i := range p.Data {
				p.Data[i] = float32((2*rng.Float64() - 1) * bound)
			}
		}
	}
	m.Refresh()
	return m
}

var small = gnn.Config{Services: 5, Window: 6, Features: 3, Outputs: 2, Hidden: 8, Kernel: 3, Blocks: 2}

func fill(v []float32, rng *rand.Rand) {
	for i := range v {
		v[i] = float32(rng.NormFloat64())
	}
}

func randomGraph(rng *rand.Rand, n int) []float32 {
	a := make([]float32, n*n)
	for i := range a {
		if rng.Float64() < 0.3 {
			a[i] = rng.Float32()
		}
	}
	return graph.WithSelfLoops(a, n)
}

// sgd is the plainest solver there is: it shows what gradients arrive.
type sgd struct{ rate float32 }

func (s *sgd) Step(model []gorgonia.ValueGrad) error {
	for _, m := range model {
		g, err := m.Grad()
		if err != nil {
			return err
		}
		value, gradient := m.Value().Data().([]float32), g.Data().([]float32)
		for i := range value {
			value[i] -= s.rate * gradient[i]
			gradient[i] = 0
		}
	}
	return nil
}

// plainStep is one step of gradient descent without gorgonia.
func plainStep(m *gnn.Network[float32], p *Policy, o Objective, rate float32) (loss float64) {
	c := m.Config()
	in, out := c.Window*c.Services*c.Features, c.Services*c.Outputs
	basis := make([]float32, m.BasisSize())
	m.Basis(basis, p.Affinity)
	known := 0
	for _, v := range p.Y {
		if v == v {
			known++
		}
	}
	pass, y, dy := m.Training(true), make([]float32, out), make([]float32, out)
	for i := range o.Batch {
		pass.Forward(p.X[i*in:(i+1)*in], basis, y)
		loss += gnn.Pinball(y, p.Y[i*out:(i+1)*out], p.Censored[i*out:(i+1)*out], dy, nil, o.Quantiles, 1/float32(known))
		pass.Backward(dy, basis, nil)
	}
	for i, param := range m.Parameters() {
		for j, g := range pass.Gradients()[i] {
			param.Data[j] -= rate * g
		}
	}
	m.Refresh()
	return loss / float64(known)
}

// TestPolicyStepFollowsTheGradient compares gorgonia's gradients, over several
// steps, with those of the network by itself.
func TestPolicyStepFollowsTheGradient(t *testing.T) {
	for _, workers := range []int{1, 3} {
		rng := rand.New(rand.NewPCG(3, 4))
		m, reference := newModel(t, small), newModel(t, small)
		o := Objective{Batch: 4, Quantiles: []float32{0.5}, Workers: workers}
		p, err := NewPolicy(m, o)
		if err != nil {
			t.Fatal(err)
		}
		copy(p.Affinity, randomGraph(rng, small.Services))
		const rate = 0.2
		for step := range 3 {
			fill(p.X, rng)
			fill(p.Y, rng)
			p.Y[step] = float32(math.NaN())
			for i := range p.Censored {
				p.Censored[i] = rng.IntN(3) == 0
			}
			want := plainStep(reference, p, o, rate)
			got, err := p.Step(&sgd{rate})
			if err != nil {
				t.Fatal(err)
			}
			if math.Abs(got-want) > 1e-5 {
				t.Errorf("%d workers, step %d: loss %v, want %v", workers, step, got, want)
			}
			for i, param := range m.Parameters() {
				for j, v := range param.Data {
					if w := reference.Parameters()[i].Data[j]; math.Abs(float64(v-w)) > 1e-6*max(1, math.Abs(float64(w))) {
						t.Fatalf("%d workers, step %d: %s[%d] is %v, want %v", workers, step, param.Name, j, v, w)
					}
				}
			}
		}
		for i, param := range newModel(t, small).Parameters() {
			moved := 0.0
			for j, v := range param.Data {
				moved = max(moved, math.Abs(float64(v-m.Parameters()[i].Data[j])))
			}
			if moved < 5e-6 {
				t.Errorf("%d workers: %s moved by %v at most, too little to compare", workers, param.Name, moved)
			}
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
}
