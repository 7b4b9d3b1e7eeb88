package em

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/deepscaler/deepscaler/estimator/gnn"
	"github.com/deepscaler/deepscaler/estimator/graph"
)

func TestLossesBeatOthersForSureOrByFar(t *testing.T) {
	of := func(loss func(stretch int) float64) losses {
		l := losses{count: stretches}
		for i := range l.sums {
			l.sums[i] = loss(i)
		}
		return l
	}
	others := of(func(i int) float64 { return 1 + float64(i)/10 })
	for name, tt := range map[string]struct {
		gain func(stretch int) float64
		want bool
	}{
		"the same":                        {func(int) float64 { return 0 }, false},
		"a little lower everywhere":       {func(int) float64 { return 0.01 }, true},
		"a little higher everywhere":      {func(int) float64 { return -0.01 }, false},
		"much lower, but by one stretch":  {func(i int) float64 { return []float64{5, 0.01}[min(i, 1)] }, false},
		"much lower where the load jumps": {func(i int) float64 { return []float64{-0.05, 0.9, -0.05, 0.4, -0.05}[i%5] * others.sums[i] }, true},
		"much lower in the first half":    {func(i int) float64 { return []float64{0.9, 0.8, 0, 0, 0, 0, 0, 0, 0, -0.01}[i] }, false},
		"lower, but not in the last half": {func(i int) float64 { return []float64{0.3, -0.01}[2*i/stretches] }, false},
	} {
		found := of(func(i int) float64 { return others.sums[i] - tt.gain(i) })
		if got := found.beat(others); got != tt.want {
			t.Errorf("%s: beats is %t, want %t", name, got, tt.want)
		}
	}
}

// lonely are services that do not depend on each other.
func lonely(t *testing.T, seed uint64) (*gnn.Network[float32], Problem) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 5))
	return plantedProblem(t, plant(rng, 5, 5, 300, 1), rng)
}

func plantedProblem(t *testing.T, p *planted, rng *rand.Rand) (*gnn.Network[float32], Problem) {
	t.Helper()
	m, err := gnn.New(gnn.Config{Services: p.services, Window: 4, Features: 1, Outputs: 1, Hidden: 4, Kernel: 1, Blocks: 1}, rng)
	if err != nil {
		t.Fatal(err)
	}
	train := p.steps * 2 / 3
	return m, Problem{Training: plantedSamples{p, 4, 4, train}, Validation: plantedSamples{p, 4, train, p.steps - 1}}
}

// TestGraphIsNoIdentityWhereDependenciesAre learns too little, as much as is usual, and
// far too fast.
func TestGraphIsNoIdentityWhereDependenciesAre(t *testing.T) {
	for seed := range uint64(6) {
		for _, rate := range []float64{1e-6, 2e-3, 0.3} {
			t.Run(fmt.Sprintf("application %d, rate %v", seed, rate), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(seed, 5))
				p := plant(rng, 5, 2, 300, 1)
				m, problem := plantedProblem(t, p, rng)
				c := DefaultConfig()
				c.Iterations, c.Epochs, c.GraphEpochs, c.Rate = 2, 2, 1, rate
				r, err := Learn(t.Context(), m, problem, c, nil)
				if err != nil {
					t.Fatal(err)
				}
				for e := range p.edges {
					if r.Affinity[e] > 0 {
						return
					}
				}
				t.Errorf("none of the planted edges %v is in %v", p.edges, r.Affinity)
			})
		}
	}
}

// TestInitialGraphIsKept has services without dependencies: nothing speaks for
// other edges than those of the initial graph.
func TestInitialGraphIsKept(t *testing.T) {
	for seed := range uint64(4) {
		m, problem := lonely(t, seed)
		traces := randomEdges(rand.New(rand.NewPCG(seed, 6)), 5)
		problem.Graphs = []Graph{{Name: "traces", Affinity: traces}}
		c := DefaultConfig()
		c.Iterations, c.Epochs, c.GraphEpochs = 2, 3, 1
		r, err := Learn(t.Context(), m, problem, c, nil)
		if err != nil {
			t.Fatal(err)
		}
		want := graph.Union([][]float32{traces}, 5)
		for i, v := range r.Affinity {
			if traces[i] > 0 && v < 0.9*want[i] {
				t.Errorf("application %d: the edge from %d to %d weighs %.3f, want %.3f", seed, i/5, i%5, v, want[i])
			}
		}
	}
}

// Three services, of which the first calls the second, rise together. Edges in the matrix
// raise the loss by a multiple of their weights.
func TestEdgesArePutBackAsFarAsLossesAllow(t *testing.T) {
	identity, calls := []float32{1, 0, 0, 0, 1, 0, 0, 0, 1}, []float32{0, 1, 0, 0, 0, 0, 0, 0, 0}
	for name, tt := range map[string]struct {
		harm             func(affinity []float32) float64
		parent           float64
		call, dependency float32
	}{
		"nothing speaks against them":      {func([]float32) float64 { return 0 }, math.NaN(), 0.1, 0.05},
		"little speaks against both":       {func(a []float32) float64 { return float64(a[1] + a[5]) }, math.NaN(), 0.01, 0},
		"little speaks against dependence": {func(a []float32) float64 { return float64(a[5]) }, math.NaN(), 0.1, 0.005},
		"much speaks against dependence":   {func(a []float32) float64 { return 10 * float64(a[5]) }, math.NaN(), 0.1, 0},
		"much speaks against calls":        {func(a []float32) float64 { return 10 * float64(a[1]) }, math.NaN(), 0, 0.05},
		"the parent is better with them":   {func(a []float32) float64 { return float64(a[1]) }, 1.0001, 0, 0.05},
	} {
		s := &session{services: 3, initial: calls, related: []float32{0, 0, 0, 0, 0, 0.5, 0, 0, 0}, best: best{loss: 1, affinity: identity}}
		if err := s.putBack(tt.parent, func(a []float32) (float64, error) { return 1 + tt.harm(a), nil }); err != nil {
			t.Fatal(err)
		}
		if got := s.best.affinity; got[1] != tt.call || got[5] != tt.dependency {
			t.Errorf("%s: they weigh %v and %v, want %v and %v", name, got[1], got[5], tt.call, tt.dependency)
		}
	}
}
