package em

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/deepscaler/deepscaler/estimator/gnn"
	"github.com/deepscaler/deepscaler/estimator/graph"
)

// plantedLesson is a network that is to find what was planted.
type plantedLesson struct {
	p       *planted
	model   *gnn.Network[float32]
	problem Problem
	test    Samples
}

const plantedWindow = 6

// newPlantedLesson plants twelve services, of which traces show half of the calls.
func newPlantedLesson(tb testing.TB, seed uint64) *plantedLesson {
	tb.Helper()
	rng := rand.New(rand.NewPCG(seed, 5))
	p := plant(rng, 12, 4, 1500, 2)
	m, err := gnn.New(gnn.Config{Services: p.services, Window: plantedWindow, Features: 1, Outputs: 1, Hidden: 24, Kernel: 3, Blocks: 1}, rng)
	if err != nil {
		tb.Fatal(err)
	}
	traces := Graph{Name: "traces", Affinity: make([]float32, p.services*p.services)}
	for e := range p.shown {
		traces.Affinity[e] = 1
	}
	train, validation := p.steps*7/10, p.steps*85/100
	return &plantedLesson{
		p: p, model: m,
		problem: Problem{
			Training:   plantedSamples{p, plantedWindow, plantedWindow, train},
			Validation: plantedSamples{p, plantedWindow, train, validation},
			Graphs:     []Graph{traces},
		},
		test: plantedSamples{p, plantedWindow, validation, p.steps - 1},
	}
}

// plantedConfig is how so small a network learns such a thing in seconds.
func plantedConfig() Config {
	c := DefaultConfig()
	c.Iterations, c.Epochs, c.GraphEpochs, c.Batch, c.Rate, c.GraphRate = 5, 15, 4, 32, 5e-3, 1e-2
	return c
}

// learn returns the affinity matrix that adaptive learning ends with.
func (l *plantedLesson) learn(tb testing.TB, c Config) []float32 {
	tb.Helper()
	r, err := Learn(tb.Context(), l.model, l.problem, c, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return r.Affinity
}

// candidates are all pairs that the traces do not explain.
func (l *plantedLesson) candidates() []int {
	n := l.p.services
	var pairs []int
	for i := range n * n {
		if i/n != i%n && !l.p.shown[i] {
			pairs = append(pairs, i)
		}
	}
	return pairs
}

// area is that under the precision–recall curve, by how scores rank the hidden
// dependencies among the candidates.
func (l *plantedLesson) area(scores []float64) float64 {
	return averagePrecision(scores, func(i int) bool { return l.p.edges[i] }, l.candidates())
}

// without deletes the learned edges.
func (l *plantedLesson) without(affinity []float32) []float32 {
	left := slices.Clone(affinity)
	for _, i := range l.candidates() {
		left[i] = 0
	}
	return graph.Normalise(left, l.p.services)
}

func (l *plantedLesson) loss(tb testing.TB, affinity []float32) float64 {
	tb.Helper()
	loss, err := validate(tb.Context(), l.model, affinity, l.test, plantedConfig(), nil)
	if err != nil {
		tb.Fatal(err)
	}
	return loss
}
