package generator

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/deepscaler/deepscaler/estimator/graph"
)

func random(t *testing.T, n, d int, seed uint64) (*Generator[float64], []float64) {
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
	return &Generator[float64]{Parameters: p, Threshold: 0.2 / float64(n)}, a
}

// TestGradients compares the gradient of a random function of A_new, and of the
// cost of new edges, with central differences.
func TestGradients(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {3, 2}, {6, 6}, {8, 16}} {
		n := size[0]
		g, a := random(t, n, size[1], uint64(n))
		rng := rand.New(rand.NewPCG(1, 1))
		weights := make([]float64, n*n)
		for i := range weights {
			weights[i] = rng.NormFloat64()
		}
		const delta, softness = 0.01, 0.1
		loss := func() float64 {
			anew := g.Forward(a)
			sum := 3 * NewEdges(anew, a, make([]float64, n*n), delta, softness)
			for i, v := range anew {
				sum += weights[i] * v
			}
			return sum
		}
		anew := g.Forward(a)
		danew := make([]float64, n*n)
		cost := NewEdges(anew, a, danew, delta, softness)
		if n > 3 && cost == 0 {
			t.Fatalf("N=%d: the new edges cost nothing, nothing is tested", n)
		}
		for i := range danew {
			danew[i] = 3*danew[i] + weights[i]
		}
		gradient := Zero[float64](n, size[1])
		g.Backward(danew, gradient)
		for k, values := range g.Parameters.All() {
			for i, v := range values {
				const h = 1e-6
				values[i] = v + h
				up := loss()
				values[i] = v - h
				down := loss()
				values[i] = v
				want, got := (up-down)/(2*h), gradient.All()[k][i]
				if math.Abs(got-want) > 1e-5*max(1, math.Abs(want)) {
					t.Errorf("N=%d: parameter %d[%d]: gradient %v, central difference %v", n, k, i, got, want)
				}
			}
		}
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
	g := &Generator[float64]{Parameters: p, Threshold: 0.2 / n}
	for i, v := range g.Forward(a) {
		want := i/n == i%n || edges[i] > 0
		if (v > 0) != want || want && v < 0.1 {
			t.Errorf("entry %d,%d of the first graph is %v", i/n, i%n, v)
		}
	}
}
