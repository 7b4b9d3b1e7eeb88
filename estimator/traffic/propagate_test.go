package traffic

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/deepscaler/deepscaler/estimator"
)

var missing = math.NaN()

// edge is an estimator.Edge.
type edge struct {
	source, destination int
	ratio               float64
}

func connected(n int, edges ...edge) *Graph {
	var all []estimator.Edge
	for _, e := range edges {
		all = append(all, estimator.Edge{Source: e.source, Destination: e.destination, Weight: e.ratio})
	}
	return New(n, all)
}

func near(got, want, tolerance float64) bool { return math.Abs(got-want) <= tolerance*math.Abs(want) }

// TestDownstreamSolvesTheTrafficEquations compares the sweeps with a dense
// factorisation of I - Pᵀ, on graphs with and without cycles.
func TestDownstreamSolvesTheTrafficEquations(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 9))
	for round := range 300 {
		n := 1 + rng.IntN(12)
		cyclic := round%2 == 0
		a := mat.NewDense(n, n, nil)
		var edges []edge
		for i := range n {
			a.Set(i, i, 1)
		}
		for i := range n {
			for j := range n {
				if rng.Float64() > 0.3 || !cyclic && j <= i {
					continue
				}
				ratio := 4 * rng.Float64()
				if cyclic {
					ratio = 0.9 * rng.Float64() / float64(n)
				}
				edges = append(edges, edge{i, j, ratio})
				a.Set(j, i, a.At(j, i)-ratio)
			}
		}
		base := make([]float64, n)
		for i := range base {
			base[i] = 100 * rng.Float64()
		}
		net := connected(n, edges...)
		got := net.Downstream(base, nil)
		var lu mat.LU
		lu.Factorize(a)
		want := mat.NewVecDense(n, nil)
		if err := lu.SolveVecTo(want, false, mat.NewVecDense(n, base)); err != nil {
			t.Fatal(err)
		}
		for i := range got {
			if !near(got[i], want.AtVec(i), 1e-6) {
				t.Fatalf("round %d: λ = %v, want %v", round, got, mat.Formatted(want.T()))
			}
		}
	}
}

func TestDownstreamCarriesFloorsOn(t *testing.T) {
	net := connected(3, edge{0, 1, 2}, edge{1, 2, 1})
	got := net.Downstream([]float64{10, 0, 0}, []float64{0, 50, 0})
	if want := []float64{10, 50, 50}; !slices.Equal(got, want) {
		t.Errorf("λ = %v, want %v: what is known of the middle reaches the last", got, want)
	}
}

func TestDownstreamGivesUpOnlyOnCyclesThatFeedThemselves(t *testing.T) {
	// 1 and 2 call each other once per request; 3 is behind them, 4 is not.
	net := connected(5, edge{0, 1, 1}, edge{1, 2, 1}, edge{2, 1, 1}, edge{2, 3, 1}, edge{0, 4, 2})
	got := net.Downstream([]float64{10, 0, 0, 0, 0}, nil)
	for i, want := range []float64{10, missing, missing, missing, 20} {
		if got[i] != want && !(math.IsNaN(got[i]) && math.IsNaN(want)) {
			t.Errorf("λ = %v, want 10, three unknown and 20", got)
			break
		}
	}
}

func TestDownstreamSettlesAnIdleCycle(t *testing.T) {
	net := connected(2, edge{0, 1, 1}, edge{1, 0, 1})
	got := net.Downstream([]float64{0, 0}, []float64{5, 7})
	if want := []float64{7, 7}; !slices.Equal(got, want) {
		t.Errorf("λ = %v, want %v", got, want)
	}
}

func TestCallersFirst(t *testing.T) {
	net := connected(5, edge{3, 1, 1}, edge{1, 0, 1}, edge{4, 3, 1}, edge{4, 0, 1})
	at := make([]int, 5)
	for position, i := range net.callersFirst {
		at[i] = position
	}
	for _, e := range [][2]int{{3, 1}, {1, 0}, {4, 3}, {4, 0}} {
		if at[e[0]] > at[e[1]] {
			t.Errorf("order %v visits %d before its caller %d", net.callersFirst, e[1], e[0])
		}
	}
}

func TestSpreadReachesRoundCycles(t *testing.T) {
	net := connected(4, edge{0, 1, 1}, edge{1, 2, 1}, edge{2, 0, 1}, edge{2, 3, 1})
	values := []float64{missing, missing, 0.5, 0.8}
	net.SpreadDownstream(values)
	if want := []float64{0.5, 0.5, 0.5, 0.5}; !slices.Equal(values, want) {
		t.Errorf("spread to %v, want %v", values, want)
	}
}
