package em

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/deepscaler/deepscaler/estimator/graph"
	"github.com/deepscaler/deepscaler/learner/autodiff"
	"github.com/deepscaler/deepscaler/learner/generator"
)

// Constants of graph learning; see docs/learning/background.md.
const (
	halfEdge = 0.25 // the weight of half an edge in Eq. 8, in units of ε
)

// learnGraph trains π with θ frozen and adds the generated graph to 𝒜
// (Algorithm 2, lines 4 and 5).
func (s *session) learnGraph(ctx context.Context, iteration int) (err error) {
	n := s.services
	pi, err := generator.New(s.affinity, s.lost(), n, s.config.Embedding, s.rng)
	if err != nil {
		return err
	}
	threshold := s.threshold()
	learning, err := autodiff.NewGenerator(s.model, pi, s.objective(), generator.Settings{
		Threshold: threshold,
		NewEdges:  s.config.NewEdges,
		Softness:  halfEdge * threshold,
	})
	if err != nil {
		return fmt.Errorf("compile graph learning: %w", err)
	}
	defer func() { err = errors.Join(err, learning.Close()) }()
	copy(learning.Affinity, s.affinity)

	old, err := s.judge(ctx, s.affinity)
	if err != nil {
		return err
	}
	load := s.loader(Epoch{Iteration: iteration, Phase: "graph"})
	order := make([]int, s.problem.Training.Len())
	solver := &autodiff.Adam{Clip: s.config.Clip}
	for epoch := 1; epoch <= s.config.GraphEpochs; epoch++ {
		s.shuffle(order)
		mean, err := load.pass(ctx, order, learning.Batch, func(b batch) (float64, error) {
			at := (float64(epoch-1) + float64(b.at)/float64(len(order))) / float64(s.config.GraphEpochs)
			solver.Rate = s.config.GraphRate * (0.05 + 0.95*(1+math.Cos(math.Pi*at))/2)
			return learning.Step(solver)
		})
		if err != nil {
			return err
		}
		anew, err := learning.New()
		if err != nil {
			return err
		}
		found, err := s.judge(ctx, anew)
		if err != nil {
			return err
		}
		s.report(Epoch{Iteration: iteration, Phase: "graph", Epoch: epoch, Training: mean, Validation: found.mean()})
		if s.contradict(found, old, s.affinity) {
			s.best.keep(s.model, anew, found.mean())
		}
		if epoch == s.config.GraphEpochs {
			s.set = append(s.set, Graph{Name: s.nextName(), Affinity: anew, Loss: found.mean()})
		}
	}
	return nil
}

// updateGraphs scores all graphs of 𝒜, drops the worst beyond its capacity and
// combines the others into the next A_old (Algorithm 2, lines 6 to 10, Eq.
// 9–10), unless the data do not contradict the present one.
func (s *session) updateGraphs(ctx context.Context) error {
	if err := s.scoreGraphs(ctx); err != nil {
		return err
	}
	for len(s.set) > s.config.Graphs {
		worst := 0
		for i, g := range s.set {
			if g.Loss > s.set[worst].Loss {
				worst = i
			}
		}
		s.set = append(s.set[:worst], s.set[worst+1:]...)
	}
	losses, graphs := make([]float64, len(s.set)), make([][]float32, len(s.set))
	low := math.Inf(1) // what losses are compared to
	for i, g := range s.set {
		losses[i], graphs[i] = g.Loss, g.Affinity
		low = min(low, g.Loss)
	}
	// A graph without loss gets all of the weight.
	weights := graph.Weights(losses, s.config.Sharpness/max(low, math.SmallestNonzeroFloat32))
	next := graph.Sparse(graph.Combine(graphs, weights, s.services), s.services, float32(s.threshold()))
	found, err := s.judge(ctx, next)
	if err != nil {
		return err
	}
	old, err := s.judge(ctx, s.affinity)
	if err != nil {
		return err
	}
	if s.contradict(found, old, s.affinity) {
		s.affinity = next
		s.best.keep(s.model, next, found.mean())
	}
	return nil
}

// scoreGraphs validates every graph of 𝒜 under the present model.
func (s *session) scoreGraphs(ctx context.Context) (err error) {
	for i, g := range s.set {
		if s.set[i].Loss, err = s.validate(ctx, g.Affinity); err != nil {
			return err
		}
	}
	return nil
}

// threshold is ε of Eq. 6.
func (s *session) threshold() float64 { return s.config.Threshold / float64(s.services) }
