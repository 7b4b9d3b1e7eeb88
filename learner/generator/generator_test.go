package generator

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gorgonia.org/gorgonia"

	"github.com/deepscaler/deepscaler/estimator/graph"
)

// expressed is a generator with the objective Σ weights⊙A_new + factor·cost.
type expressed[T Float] struct {
	machine   gorgonia.VM
	nodes     gorgonia.Nodes
	values    [4]gorgonia.Value // A₁, S, the argument of Norm, A_new
	objective gorgonia.Value
}

func express[T Float](t *testing.T, p *Parameters[T], affinity []T, s Settings, weights []T, factor T) *expressed[T] {
	t.Helper()
	g := gorgonia.NewGraph()
	e, err := Express(g, p, affinity, s)
	if err != nil {
		t.Fatal(err)
	}
	x := &expressed[T]{nodes: e.Parameters}
	for i, n := range []*gorgonia.Node{e.proposal, e.gate, e.mixed, e.New} {
		gorgonia.Read(n, &x.values[i])
	}
	sum := must(gorgonia.Sum(hadamard(e.New, node(g, "weights", weights, p.Services, p.Services))))
	objective := add(sum, must(gorgonia.Mul(e.Cost, gorgonia.NewConstant(factor))))
	gorgonia.Read(objective, &x.objective)
	if _, err := gorgonia.Grad(objective, x.nodes...); err != nil {
		t.Fatal(err)
	}
	x.machine = gorgonia.NewTapeMachine(g, gorgonia.BindDualValues(x.nodes...))
	t.Cleanup(func() { x.machine.Close() })
	return x
}

func (x *expressed[T]) run(t *testing.T) (objective float64, gradients [][]T) {
	t.Helper()
	x.machine.Reset()
	if err := x.machine.RunAll(); err != nil {
		t.Fatal(err)
	}
	for _, n := range x.nodes {
		d, err := n.Grad()
		if err != nil {
			t.Fatal(err)
		}
		gradients = append(gradients, slices.Clone(d.Data().([]T)))
		clear(d.Data().([]T))
	}
	return float64(x.objective.Data().(T)), gradients
}

func (x *expressed[T]) value(i int) []T { return x.values[i].Data().([]T) }

func random(t *testing.T, n, d int, seed uint64) (*Parameters[float64], []float64) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 2))
	a, edges := make([]float64, n*n), make([]float64, n*n)
	for i := range a {
		if i/n == i%n {
			continue
		}
		if rng.Float64() < 0.3 {
			a[i] = rng.Float64()
		} else if rng.Float64() < 0.3 {
			edges[i] = rng.Float64()
		}
	}
	a = graph.WithSelfLoops(a, n)
	p, err := New(a, edges, n, d, rng)
	if err != nil {
		t.Fatal(err)
	}
	return p, a
}

// TestGradients compares the gradient of a random function of A_new and of the cost of
// new edges with central differences, also where a service has lost all of its edges.
func TestGradients(t *testing.T) {
	for _, size := range []struct {
		services, embedding int
		threshold           float64
	}{{2, 1, 0.1}, {3, 2, 0.07}, {6, 6, 0.2 / 6}, {8, 16, 0.2 / 8}, {7, 4, 0.3}} {
		n := size.services
		p, a := random(t, n, size.embedding, uint64(n))
		if size.threshold == 0.3 { // the first service only calls: its row ends up empty, its column does not
			p.Lambda[0] = 0.01
			for k := range size.embedding { // hardly an edge, but none of 0, where ReLU has no slope
				p.M1[k] /= 100
				p.M2[k] /= 100
			}
			for i := range n {
				a[i*n], a[i] = 0.9, 0.3/float64(n)
			}
		}
		rng := rand.New(rand.NewPCG(1, 1))
		weights := make([]float64, n*n)
		for i := range weights {
			weights[i] = rng.NormFloat64()
		}
		x := express(t, p, a, Settings{size.threshold, 0.01, 0.1}, weights, 3)
		_, gradients := x.run(t)
		anew := x.value(3)
		empty := 0
		for i := range n {
			if slices.Max(anew[i*n:(i+1)*n]) == 0 {
				empty++
			}
		}
		if (size.threshold == 0.3) != (empty > 0) {
			t.Fatalf("N=%d: %d rows of A_new are empty", n, empty)
		}
		for k, values := range p.All() {
			for i, v := range values {
				const h = 1e-7
				values[i] = v + h
				up, _ := x.run(t)
				values[i] = v - h
				down, _ := x.run(t)
				values[i] = v
				want, got := (up-down)/(2*h), gradients[k][i]
				if !(math.Abs(got-want) <= 1e-5*max(1, math.Abs(want))) {
					t.Errorf("N=%d: parameter %d[%d]: gradient %v, central difference %v", n, k, i, got, want)
				}
			}
		}
	}
}

// TestExpressionIsNorm holds Eq. 6 in gorgonia's operations against the one that graphs
// of 𝒜 are mixed with.
func TestExpressionIsNorm(t *testing.T) {
	const n = 8
	for seed := range uint64(20) {
		p, a := random(t, n, 5, seed)
		x := express(t, p, a, Settings{float64(seed) / 50, 0.1, 0.1}, make([]float64, n*n), 0)
		x.run(t)
		near(t, "A_new", x.value(3), graph.Sparse(x.value(2), n, float64(seed)/50), 1e-13)
	}
}

// TestFirstGraphHasTheEdges checks what graph learning starts from.
func TestFirstGraphHasTheEdges(t *testing.T) {
	const n = 6
	a := graph.WithSelfLoops(make([]float64, n*n), n)
	edges := make([]float64, n*n)
	edges[1], edges[3*n+2] = 0.5, 0.4
	p, err := New(a, edges, n, n, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	x := express(t, p, a, Settings{0.2 / n, 0.1, 0.1}, make([]float64, n*n), 0)
	x.run(t)
	for i, v := range x.value(3) {
		want := i/n == i%n || edges[i] > 0
		if (v > 0) != want || want && v < 0.1 {
			t.Errorf("entry %d,%d of the first graph is %v", i/n, i%n, v)
		}
	}
}
