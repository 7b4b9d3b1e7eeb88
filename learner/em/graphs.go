package em

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

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
		loss, err := validate(ctx, s.model, anew, s.problem.Validation, s.config, s.problem.Weights)
		if err != nil {
			return err
		}
		s.report(Epoch{Iteration: iteration, Phase: "graph", Epoch: epoch, Training: mean, Validation: loss})
		s.best.keep(s.model, anew, loss)
		if epoch == s.config.GraphEpochs {
			s.set = append(s.set, Graph{Name: s.nextName(), Affinity: anew, Loss: loss})
		}
	}
	return nil
}

// updateGraphs scores all graphs of 𝒜, drops the worst beyond its capacity and
// combines the others into the next A_old (Algorithm 2, lines 6 to 10, Eq.
// 9–10).
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
	s.affinity = graph.Sparse(graph.Combine(graphs, weights, s.services), s.services, float32(s.threshold()))
	loss, err := validate(ctx, s.model, s.affinity, s.problem.Validation, s.config, s.problem.Weights)
	if err != nil {
		return err
	}
	s.best.keep(s.model, s.affinity, loss)
	return nil
}

// scoreGraphs validates every graph of 𝒜 under the present model.
func (s *session) scoreGraphs(ctx context.Context) (err error) {
	for i, g := range s.set {
		if s.set[i].Loss, err = validate(ctx, s.model, g.Affinity, s.problem.Validation, s.config, s.problem.Weights); err != nil {
			return err
		}
	}
	return nil
}

// probe puts candidates into A_old, so that policy learning finds out what they are
// good for: a network that was trained without them cannot tell.
func (s *session) probe(ctx context.Context) (err error) {
	if s.proposed, err = s.candidates(ctx); err != nil || slices.Max(s.proposed) == 0 {
		return err
	}
	s.affinity = graph.Normalise(s.with(s.affinity, s.proposed), s.services)
	s.set = append(s.set, Graph{Name: s.nextName(), Affinity: s.affinity})
	return nil
}

// with returns an affinity matrix with the edges that it lacks. Beside self-loops of 1,
// they would have the given weights; without self-loops, the weights are shares of 1/N.
func (s *session) with(affinity, edges []float32) []float32 {
	n := s.services
	out := slices.Clone(affinity)
	for i, v := range edges {
		if v == 0 || affinity[i] > 0 {
			continue
		}
		out[i] = v / float32(n)
		if loops := affinity[i/n*(n+1)] * affinity[i%n*(n+1)]; loops > 0 {
			out[i] = v * float32(math.Sqrt(float64(loops)))
		}
	}
	return out
}

const (
	faint    = 0.1  // what is left of the weight of an edge that is put back
	contrary = 1.01 // ratio of losses from which the data speak against edges
)

// putBack adds edges to the best matrix that learning has erased and nothing speaks
// against: those of the initial graphs, and the candidates. The network does as well
// without them on these days, but the calls are there, and so is what was correlated.
// The loss stays below that of the parent; parent is NaN without one.
func (s *session) putBack(ctx context.Context, parent float64) error {
	initial, all := slices.Clone(s.initial), slices.Clone(s.initial)
	for i, v := range s.proposed {
		initial[i] *= faint
		all[i] = faint * max(all[i], v)
	}
	for _, edges := range [][]float32{all, initial} {
		affinity := s.with(s.best.affinity, edges)
		loss, err := validate(ctx, s.model, affinity, s.problem.Validation, s.config, s.problem.Weights)
		if err != nil {
			return err
		}
		if loss <= contrary*s.best.loss && !(loss >= parent) {
			s.best.affinity, s.best.loss = affinity, loss
			return nil
		}
	}
	return nil
}

// lost returns the candidates that A_old lacks.
func (s *session) lost() []float32 {
	edges := slices.Clone(s.proposed)
	for i, v := range s.affinity {
		if v > 0 {
			edges[i] = 0
		}
	}
	return edges
}

// threshold is ε of Eq. 6.
func (s *session) threshold() float64 { return s.config.Threshold / float64(s.services) }
