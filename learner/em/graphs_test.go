package em

import (
	"context"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator/gnn"
	"github.com/deepscaler/deepscaler/estimator/graph"
)

// TestPlantedDependenciesAreFound is the claim of adaptive graph learning: from
// telemetry and half of the call graph it finds the calls that were withheld and a
// dependency that no call shows, instead of ending at the identity. Deleting what
// it found must cost accuracy.
func TestPlantedDependenciesAreFound(t *testing.T) {
	l := newPlantedLesson(t, 5)
	affinity := l.learn(t, plantedConfig())
	n := l.p.services
	learned, identity, correlation := make([]float64, n*n), make([]float64, n*n), make([]float64, n*n)
	for i := range learned {
		learned[i] = float64(affinity[i])
		if i/n == i%n {
			identity[i] = 1
		}
		correlation[i] = math.Abs(l.p.correlation(i/n, i%n))
	}
	area, byIdentity, byCorrelation := l.area(learned), l.area(identity), l.area(correlation)
	t.Logf("%d hidden among %d pairs; area under the precision-recall curve: learned %.3f, identity %.3f, correlation %.3f",
		len(l.p.edges)-len(l.p.shown), len(l.candidates()), area, byIdentity, byCorrelation)
	if area < 0.9 || area < byCorrelation+0.3 || byIdentity > 0.2 {
		t.Error("the learned affinity does not rank the planted dependencies")
	}
	if affinity[l.p.latent] <= 0 {
		t.Error("the dependency that no call shows was not found")
	}
	full, deleted := l.loss(t, affinity), l.loss(t, l.without(affinity))
	t.Logf("test loss %.4f, without the learned edges %.4f", full, deleted)
	if deleted < 1.1*full {
		t.Error("deleting the learned edges costs no accuracy")
	}
}

// TestGraphSetKeepsItsCapacity checks N_max of Algorithm 2 and that the worst
// graph leaves (lines 7 to 9).
func TestGraphSetKeepsItsCapacity(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 5))
	p := plant(rng, 5, 2, 200, 1)
	m, err := gnn.New(gnn.Config{Services: 5, Window: 4, Features: 1, Outputs: 1, Hidden: 4, Kernel: 1, Blocks: 1}, rng)
	if err != nil {
		t.Fatal(err)
	}
	drawHead(t, m)
	c := DefaultConfig()
	c.Graphs = 2
	s := &session{
		config: c, model: m, services: 5, best: best{loss: math.Inf(1)},
		problem: Problem{Validation: plantedSamples{p, 4, 4, 150}},
	}
	for i := range 4 {
		s.set = append(s.set, Graph{Name: string(rune('a' + i)), Affinity: graph.WithSelfLoops(randomEdges(rng, 5), 5)})
	}
	s.affinity = graph.WithSelfLoops(make([]float32, 25), 5)
	for i := range s.affinity {
		s.affinity[i] *= 5 // so that every other is better
	}
	losses := map[string]float64{}
	for _, g := range s.set {
		if losses[g.Name], err = validate(t.Context(), m, g.Affinity, s.problem.Validation, c, nil); err != nil {
			t.Fatal(err)
		}
	}
	if distinct := slices.Compact(slices.Sorted(maps.Values(losses))); len(distinct) != 4 {
		t.Fatalf("losses are %v, want four of them", losses)
	}
	if err := s.updateGraphs(context.Background()); err != nil {
		t.Fatal(err)
	}
	kept := map[string]bool{}
	for _, g := range s.set {
		kept[g.Name] = true
		if g.Loss != losses[g.Name] {
			t.Errorf("graph %s has loss %v, want %v", g.Name, g.Loss, losses[g.Name])
		}
	}
	worse := 0
	for name, loss := range losses {
		for k := range kept {
			if !kept[name] && loss < losses[k] {
				worse++
			}
		}
	}
	if len(s.set) != 2 || worse > 0 {
		t.Errorf("kept %v of losses %v", kept, losses)
	}
	mixed, err := validate(t.Context(), m, s.affinity, s.problem.Validation, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	if s.best.loss != mixed {
		t.Errorf("the best loss is %v after the only update, want that of the next A_old, %v", s.best.loss, mixed)
	}
}

func randomEdges(rng *rand.Rand, n int) []float32 {
	a := make([]float32, n*n)
	for i := range a {
		if rng.Float64() < 0.3 && i/n != i%n {
			a[i] = rng.Float32()
		}
	}
	return a
}

func TestAveragePrecision(t *testing.T) {
	all := []int{0, 1, 2, 3}
	odd := func(i int) bool { return i%2 == 1 }
	for name, tt := range map[string]struct {
		scores []float64
		want   float64
	}{
		"perfect":  {[]float64{0, 3, 1, 2}, 1},
		"reversed": {[]float64{3, 0, 2, 1}, (1.0/3 + 2.0/4) / 2},
		"constant": {[]float64{1, 1, 1, 1}, 0.5},
	} {
		if got := averagePrecision(tt.scores, odd, all); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

// TestPerfectGraphStaysFinite has a graph with a loss of 0, to which no other loss
// can be compared: then that graph is all there is to the next one.
func TestPerfectGraphStaysFinite(t *testing.T) {
	m, p, c := lesson(t)
	drawHead(t, m)
	affinity := firstAffinity(t, m, p, c)
	p.Validation = halves{p.Validation, 1, outputsOf(t, m, affinity, p.Validation)}
	s := &session{config: c, problem: p, model: m, services: 6, best: best{loss: math.Inf(1)}}
	other := graph.WithSelfLoops(randomEdges(rand.New(rand.NewPCG(3, 5)), 6), 6)
	s.affinity = other
	s.set = []Graph{{Name: "perfect", Affinity: affinity}, {Name: "other", Affinity: other}}
	if err := s.updateGraphs(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s.set[0].Loss != 0 || !(s.set[1].Loss > 0.01) {
		t.Fatalf("the perfect graph has loss %v and the other one %v", s.set[0].Loss, s.set[1].Loss)
	}
	want := graph.Sparse(affinity, 6, float32(s.threshold()))
	if diff := cmp.Diff(want, s.affinity, cmpopts.EquateApprox(0, 1e-6)); diff != "" {
		t.Errorf("affinity is not that of the perfect graph (-want +got):\n%s", diff)
	}
}

// TestOneServiceHasNoGraphToLearn has an application that is alone.
func TestOneServiceHasNoGraphToLearn(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 6))
	p := plant(rng, 1, 1, 100, 1)
	m, err := gnn.New(gnn.Config{Services: 1, Window: 4, Features: 1, Outputs: 1, Hidden: 4, Kernel: 1, Blocks: 1}, rng)
	if err != nil {
		t.Fatal(err)
	}
	c := DefaultConfig()
	r, err := Learn(t.Context(), m, Problem{Training: plantedSamples{p, 4, 4, 70}, Validation: plantedSamples{p, 4, 70, 99}}, c, func(_ Epoch, done float64, total int) {
		if total != c.Iterations*c.Epochs {
			t.Errorf("epoch %v of %d, want %d of policy learning only", done, total, c.Iterations*c.Epochs)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]float32{1}, r.Affinity); diff != "" {
		t.Errorf("affinity (-want +got):\n%s", diff)
	}
}
