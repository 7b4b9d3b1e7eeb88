package em

import (
	"math/rand/v2"
	"testing"
)

// TestCorrelatedPairsAreFound has two services whose load rises and falls together, on a
// curve, and four that do as they like.
func TestCorrelatedPairsAreFound(t *testing.T) {
	const n, rows = 6, 400
	rng := rand.New(rand.NewPCG(1, 1))
	p := newPast(n, 1, 2, rows)
	for row := range rows {
		x := make([]float32, 2*n)
		for i := range x {
			x[i] = float32(rng.NormFloat64())
		}
		x[2*4+1] = x[2*1+1] * x[2*1+1] * x[2*1+1]
		p.set(row, x)
	}
	s := &session{services: n, problem: Problem{Load: 1}}
	edges := make([]float32, n*n)
	s.addCorrelated(edges, p)
	if edges[1*n+4] != faintest {
		t.Errorf("the edge from 1 to 4 weighs %v, want %v", edges[1*n+4], faintest)
	}
	if edges[4*n+1] != 0 {
		t.Errorf("the pair has an edge back of %v, want one in all", edges[4*n+1])
	}
	s.problem.Load = 0
	edges = make([]float32, n*n)
	if s.addCorrelated(edges, p); edges[1*n+4] != 0 {
		t.Error("another feature shows the pair")
	}
}
