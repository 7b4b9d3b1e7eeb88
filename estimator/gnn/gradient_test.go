package gnn

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator/graph"
)

// problem is a sample, its labels and a graph for a network.
type problem struct {
	network  *Network[float64]
	affinity []float64
	x, y     []float64
	censored []bool
	weights  []float64
	quantile float64
}

func newProblem(t testing.TB, c Config, seed uint64) *problem {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	network, err := NewFloat64(c, rng)
	if err != nil {
		t.Fatal(err)
	}
	drawHead(network, rng)
	for _, p := range network.Parameters() {
		for i := range p.Data {
			p.Data[i] += 0.1 * rng.NormFloat64() // gains and shifts too
		}
	}
	network.Refresh()
	p := &problem{network: network, quantile: 0.7}
	p.affinity = randomAffinity(rng, c.Services)
	p.x = normal(rng, c.Window*c.Services*c.Features)
	p.y = normal(rng, c.Services*c.Outputs)
	p.y[0] = math.NaN()
	p.weights = make([]float64, c.Services)
	for i := range p.weights {
		p.weights[i] = 0.5 + rng.Float64()
	}
	return p
}

// drawHead gives a network a head that says something, and lets gradients through.
func drawHead[T Float](n *Network[T], rng *rand.Rand) {
	n.head.weight.uniform(rng, n.config.Window*n.config.Hidden)
	n.Refresh()
}

func randomAffinity(rng *rand.Rand, n int) []float64 {
	a := make([]float64, n*n)
	for i := range a {
		if rng.Float64() < 0.4 {
			a[i] = rng.Float64()
		}
	}
	return graph.WithSelfLoops(a, n)
}

func normal(rng *rand.Rand, n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = rng.NormFloat64()
	}
	return v
}

func (p *problem) loss() float64 {
	n := p.network
	basis := make([]float64, n.BasisSize())
	n.Basis(basis, p.affinity)
	out, dy := make([]float64, len(p.y)), make([]float64, len(p.y))
	n.Inference().Forward(p.x, basis, out)
	return Pinball(out, p.y, p.censored, dy, p.weights, []float64{p.quantile}, 1)
}

// gradients returns the analytic gradient of every parameter and of A.
func (p *problem) gradients() (parameters [][]float64, affinity []float64) {
	n := p.network
	n.Refresh()
	basis, dbasis := make([]float64, n.BasisSize()), make([]float64, n.BasisSize())
	n.Basis(basis, p.affinity)
	out, dy := make([]float64, len(p.y)), make([]float64, len(p.y))
	w := n.Training(true)
	w.Forward(p.x, basis, out)
	Pinball(out, p.y, p.censored, dy, p.weights, []float64{p.quantile}, 1)
	w.Backward(dy, basis, dbasis)
	affinity = make([]float64, len(p.affinity))
	n.BasisBackward(affinity, dbasis, p.affinity)
	return w.Gradients(), affinity
}

// TestGradients compares the gradient of the loss with central differences, for
// every element of every parameter of every layer, and of the affinity matrix.
func TestGradients(t *testing.T) {
	for name, c := range map[string]Config{
		"one block":           {Services: 3, Window: 4, Features: 2, Outputs: 1, Hidden: 4, Kernel: 3, Blocks: 1},
		"two blocks":          {Services: 4, Window: 5, Features: 3, Outputs: 2, Hidden: 6, Kernel: 5, Blocks: 2},
		"three blocks":        {Services: 2, Window: 3, Features: 1, Outputs: 3, Hidden: 6, Kernel: 1, Blocks: 3},
		"kernel beyond steps": {Services: 2, Window: 2, Features: 2, Outputs: 1, Hidden: 6, Kernel: 7, Blocks: 1},
		"one service":         {Services: 1, Window: 4, Features: 2, Outputs: 2, Hidden: 4, Kernel: 3, Blocks: 2},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProblem(t, c, 7)
			p.censored = make([]bool, len(p.y))
			for i := 2; i < len(p.y); i += 2 {
				p.censored[i] = true
			}
			parameters, affinity := p.gradients()
			for i, param := range p.network.Parameters() {
				compare(t, p, param.Name, param.Data, parameters[i])
			}
			compare(t, p, "affinity", p.affinity, affinity)
		})
	}
}

// compare also checks that there is a gradient to compare: one that is 0 throughout
// says that the problem is dead, not that the code is right.
func compare(t *testing.T, p *problem, name string, values, gradient []float64) {
	t.Helper()
	const h = 1e-6
	largest := 0.0
	for i, v := range values {
		values[i] = v + h
		up := p.loss()
		values[i] = v - h
		down := p.loss()
		values[i] = v
		want := (up - down) / (2 * h)
		if diff := math.Abs(gradient[i] - want); !(diff <= 1e-8+1e-5*math.Abs(want)) {
			t.Errorf("%s[%d]: gradient %v, central difference %v", name, i, gradient[i], want)
		}
		largest = max(largest, math.Abs(gradient[i]))
	}
	if largest < 1e-5 {
		t.Errorf("the gradient of %s is at most %v: nothing to compare", name, largest)
	}
}

func TestPinball(t *testing.T) {
	for _, tt := range []struct {
		name                string
		y, label            float64
		censored            bool
		quantile            float64
		wantLoss, wantSlope float64
	}{
		{"L1 above", 3, 1, false, 0.5, 2, 1},
		{"L1 below", 1, 3, false, 0.5, 2, -1},
		{"equal", 2, 2, false, 0.5, 0, 0},
		{"unknown", 2, math.NaN(), false, 0.5, 0, 0},
		{"shortage is dear", 1, 3, false, 0.9, 3.6, -1.8},
		{"surplus is cheap", 3, 1, false, 0.9, 0.4, 0.2},
		{"above a lower bound", 3, 1, true, 0.5, 0, 0},
		{"below a lower bound", 1, 3, true, 0.9, 3.6, -1.8},
		{"at a lower bound", 2, 2, true, 0.5, 0, 0},
		{"unknown lower bound", 2, math.NaN(), true, 0.5, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dy := []float64{math.NaN()}
			loss := Pinball([]float64{tt.y}, []float64{tt.label}, []bool{tt.censored}, dy, nil, []float64{tt.quantile}, 1)
			if math.Abs(loss-tt.wantLoss) > 1e-12 || math.Abs(dy[0]-tt.wantSlope) > 1e-12 {
				t.Errorf("loss %v with slope %v, want %v and %v", loss, dy[0], tt.wantLoss, tt.wantSlope)
			}
		})
	}
}

// TestGraphGradientAlone checks that a pass without gradients of parameters finds
// the same gradient of the affinity matrix.
func TestGraphGradientAlone(t *testing.T) {
	p := newProblem(t, Config{Services: 4, Window: 5, Features: 3, Outputs: 2, Hidden: 6, Kernel: 3, Blocks: 2}, 3)
	_, want := p.gradients()
	n := p.network
	basis, dbasis := make([]float64, n.BasisSize()), make([]float64, n.BasisSize())
	n.Basis(basis, p.affinity)
	out, dy := make([]float64, len(p.y)), make([]float64, len(p.y))
	pass := n.Training(false)
	pass.Forward(p.x, basis, out)
	Pinball(out, p.y, p.censored, dy, p.weights, []float64{p.quantile}, 1)
	pass.Backward(dy, basis, dbasis)
	got := make([]float64, len(p.affinity))
	n.BasisBackward(got, dbasis, p.affinity)
	if diff := cmp.Diff(want, got); diff != "" || pass.Gradients() != nil {
		t.Errorf("gradient of the affinity matrix (-with parameters +without):\n%s", diff)
	}
}
