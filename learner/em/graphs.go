package em

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/deepscaler/deepscaler/estimator/graph"
	"github.com/deepscaler/deepscaler/learner/autodiff"
	"github.com/deepscaler/deepscaler/learner/generator"
)

// What graph learning starts from and holds to; see docs/learning/background.md.
const (
	firstEdge   = 0.5  // the weight of the edge that is wanted most in the first A₁
	significant = 2.5  // robust standard deviations that an edge's slope is away from 0
	halfEdge    = 0.25 // the weight of half an edge in Eq. 8, in units of ε
)

// learnGraph trains π with θ frozen and adds what it generates to 𝒜 (Algorithm
// 2, lines 4 and 5).
func (s *session) learnGraph(ctx context.Context, iteration int) (err error) {
	n := s.services
	edges, err := s.wantedEdges(ctx)
	if err != nil {
		return fmt.Errorf("find the edges that are missing: %w", err)
	}
	pi, err := generator.New(s.affinity, edges, n, s.config.Embedding, s.rng)
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

// wantedEdges returns the edges that A_old lacks and that would lower the loss of
// the network as it is: those with the steepest negative ∂L/∂A over the training
// samples, in one direction per pair, no more than δ·N² of them, weighted by the
// slope.
//
// Graph learning starts from them, in every iteration. From a random start, all
// edges together do more harm than good to a network that was trained without
// them; the generator then lowers all off-diagonal entries under ε at once, and
// what is left is the identity.
func (s *session) wantedEdges(ctx context.Context) (edges []float32, err error) {
	n := s.services
	sensitivity, err := autodiff.NewSensitivity(s.model, s.objective())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, sensitivity.Close()) }()
	copy(sensitivity.Affinity, s.affinity)
	load := s.loader(Epoch{})
	load.passed = nil // this is no epoch
	order := make([]int, s.problem.Training.Len())
	for i := range order {
		order[i] = i
	}
	slope := make([]float32, n*n)
	if _, err := load.pass(ctx, order, sensitivity.Batch, func(b batch) (float64, error) {
		return 0, sensitivity.Add(slope, float32(b.labels))
	}); err != nil {
		return nil, err
	}
	var wanted []int
	for i, v := range slope {
		row, column := i/n, i%n
		if row != column && s.affinity[i] == 0 && v < 0 && v < slope[column*n+row] {
			wanted = append(wanted, i)
		}
	}
	noise := deviation(slope)
	wanted = slices.DeleteFunc(wanted, func(i int) bool { return float64(-slope[i]) < significant*noise })
	slices.SortFunc(wanted, func(a, b int) int { return cmp.Compare(slope[a], slope[b]) })
	wanted = wanted[:min(len(wanted), int(s.config.NewEdges*float64(n*n)))]
	edges = make([]float32, n*n)
	for _, i := range wanted {
		edges[i] = firstEdge * slope[i] / slope[wanted[0]]
	}
	return edges, nil
}

// deviation is a robust standard deviation of values around 0.
func deviation(values []float32) float64 {
	magnitudes := make([]float64, len(values))
	for i, v := range values {
		magnitudes[i] = math.Abs(float64(v))
	}
	slices.Sort(magnitudes)
	return 1.4826 * magnitudes[len(magnitudes)/2]
}

// updateGraphs scores all graphs of 𝒜, drops the worst beyond its capacity and
// makes the next A_old of the others (Algorithm 2, lines 6 to 10, Eq. 9–10).
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
	// A perfect graph has nothing to be compared to: then it weighs all.
	weights := graph.Weights(losses, s.config.Sharpness/max(low, math.SmallestNonzeroFloat32))
	s.affinity = graph.Sparse(graph.Combine(graphs, weights, s.services), s.services, float32(s.threshold()))
	loss, err := validate(ctx, s.model, s.affinity, s.problem.Validation, s.config, s.problem.Weights)
	if err != nil {
		return err
	}
	s.best.keep(s.model, s.affinity, loss)
	return nil
}

// scoreGraphs validates every graph of 𝒜 under the model as it is.
func (s *session) scoreGraphs(ctx context.Context) (err error) {
	for i, g := range s.set {
		if s.set[i].Loss, err = validate(ctx, s.model, g.Affinity, s.problem.Validation, s.config, s.problem.Weights); err != nil {
			return err
		}
	}
	return nil
}

// threshold is ε of Eq. 6.
func (s *session) threshold() float64 { return s.config.Threshold / float64(s.services) }
