package baseline

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/deepscaler/deepscaler/estimator/gnn"
	"github.com/deepscaler/deepscaler/estimator/graph"
)

// kind is one of the two networks.
type kind struct {
	name  string
	new32 func(gnn.Config, *rand.Rand) (gnn.Model[float32], error)
	new64 func(gnn.Config, *rand.Rand) (gnn.Model[float64], error)
}

func kinds() []kind {
	return []kind{{"T-GCN", NewTGCN, NewTGCN64}, {"DCRNN", NewDCRNN, NewDCRNN64}}
}

// onBoth runs a test for both networks.
func onBoth(t *testing.T, test func(t *testing.T, k kind)) {
	t.Helper()
	for _, k := range kinds() {
		t.Run(k.name, func(t *testing.T) { test(t, k) })
	}
}

// small is a shape with two layers and several outputs.
func small() gnn.Config {
	return gnn.Config{Services: 4, Window: 3, Features: 2, Outputs: 3, Hidden: 4, Kernel: 1, Blocks: 2}
}

// problem is a sample, its labels and a graph for a network.
type problem struct {
	model    gnn.Model[float64]
	affinity []float64
	x, y     []float64
}

func newProblem(t testing.TB, k kind, c gnn.Config) *problem {
	t.Helper()
	rng := rand.New(rand.NewPCG(7, 1))
	model, err := k.new64(c, rng)
	if err != nil {
		t.Fatal(err)
	}
	drawHead(model, rng)
	for _, p := range model.Parameters() {
		for i := range p.Data {
			p.Data[i] += 0.1 * rng.NormFloat64() // biases too
		}
	}
	model.Refresh()
	p := &problem{model: model, affinity: randomAffinity(rng, c.Services)}
	p.x = normal(rng, c.Window*c.Services*c.Features)
	p.y = normal(rng, c.Services*c.Outputs)
	p.y[len(p.y)-1] = math.NaN() // unknown
	return p
}

// drawHead gives a network a head that says something, and lets gradients through.
func drawHead[T gnn.Float](m gnn.Model[T], rng *rand.Rand) {
	all := m.Parameters()
	weight := all[len(all)-2]
	xavier(weight.Data, rng, weight.Shape[0], weight.Shape[1])
	m.Refresh()
}

// new32Drawn is new32 with such a head.
func (k kind) new32Drawn(t testing.TB, c gnn.Config) gnn.Model[float32] {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 1))
	m, err := k.new32(c, rng)
	if err != nil {
		t.Fatal(err)
	}
	drawHead(m, rng)
	return m
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

// basisOf returns the basis of an affinity matrix.
func basisOf[T gnn.Float](m gnn.Model[T], affinity []T) []T {
	basis := make([]T, m.BasisSize())
	for i := range basis {
		basis[i] = T(math.NaN()) // Basis writes, it does not add
	}
	m.Basis(basis, affinity)
	return basis
}

// predict returns the outputs of a pass for a sample.
func predict[T gnn.Float](m gnn.Model[T], pass gnn.Pass[T], x, affinity []T) []T {
	y := make([]T, m.Config().Services*m.Config().Outputs)
	pass.Forward(x, basisOf(m, affinity), y)
	return y
}

func (p *problem) predict() []float64 {
	return predict(p.model, p.model.Inference(), p.x, p.affinity)
}

func (p *problem) loss() float64 {
	return gnn.Pinball(p.predict(), p.y, nil, make([]float64, len(p.y)), nil, []float64{0.7}, 1)
}

// backward runs the sample through a pass in both directions and returns the
// gradient of the affinity matrix.
func (p *problem) backward(pass gnn.Pass[float64]) (affinity []float64) {
	p.model.Refresh()
	basis, dbasis := basisOf(p.model, p.affinity), make([]float64, p.model.BasisSize())
	out, dy := make([]float64, len(p.y)), make([]float64, len(p.y))
	pass.Forward(p.x, basis, out)
	gnn.Pinball(out, p.y, nil, dy, nil, []float64{0.7}, 1)
	pass.Backward(dy, basis, dbasis)
	affinity = make([]float64, len(p.affinity))
	affinity[0] = math.NaN() // BasisBackward writes, it does not add
	p.model.BasisBackward(affinity, dbasis, p.affinity)
	return affinity
}

// narrow rounds to single precision.
func narrow(v []float64) []float32 {
	out := make([]float32, len(v))
	for i, f := range v {
		out[i] = float32(f)
	}
	return out
}
