package em

import (
	"context"
	"math"
	"slices"

	"github.com/deepscaler/deepscaler/estimator/graph"
	"github.com/deepscaler/deepscaler/learner/autodiff"
)

// probe is policy learning of the first iteration, under A_old and again with the
// candidates beside it: a network that was trained without edges cannot tell what they
// are good for. Learning goes on with the candidates if they contradict A_old.
func (s *session) probe(ctx context.Context, policy *autodiff.Policy) error {
	var err error
	past, labels := s.look()
	if s.proposed, s.related, err = s.candidates(ctx, past, labels); err != nil {
		return err
	}
	for i, v := range s.problem.Dependent {
		s.related[i] = max(s.related[i], v)
	}
	start := parameters(s.model)
	if err := s.learnPolicy(ctx, policy, 1, "policy"); err != nil {
		return err
	}
	if slices.Max(s.proposed) == 0 {
		s.total -= s.config.Epochs
		return nil
	}
	old, err := s.judge(ctx, s.affinity)
	if err != nil {
		return err
	}
	learned, solver, affinity := parameters(s.model), s.solver, s.affinity
	restore(s.model, start)
	s.affinity = graph.Normalise(s.with(s.affinity, s.proposed), s.services)
	s.set = append(s.set, Graph{Name: s.nextName(), Affinity: s.affinity})
	s.begin() // with the same batches
	if err := s.learnPolicy(ctx, policy, 1, "probe"); err != nil {
		return err
	}
	found, err := s.judge(ctx, s.affinity)
	if err != nil {
		return err
	}
	if !s.contradict(found, old, affinity) {
		restore(s.model, learned)
		s.solver, s.affinity = solver, affinity
	}
	return nil
}

// contradict reports whether the losses found with other edges speak against an affinity
// matrix with the losses old: they are lower for sure, or lower at all if it has no edges.
// Many graphs are compared on few validation samples, and one that only looks better
// there costs accuracy later.
func (s *session) contradict(found, old losses, affinity []float32) bool {
	if edgeless(affinity, s.services) {
		return found.mean() < old.mean()
	}
	return found.beat(old)
}

func edgeless(affinity []float32, services int) bool {
	for i, v := range affinity {
		if v > 0 && i/services != i%services {
			return false
		}
	}
	return true
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

// contrary is the ratio of losses from which the data speak against edges.
const contrary = 1.01

// faint are shares of the weight of an edge, with which it is put back.
var faint = []float32{0.1, 0.01}

// putBack adds edges to the best matrix that learning has erased and nothing speaks
// against: those of the initial graphs, candidates that follow time, and pairs whose load
// depends on each other. The network does as well without them on these days, but the calls are
// there, and so is what rose together.
//
// Either kind has the largest share of its weight at which the validation loss, which
// lossOf returns for a matrix, is below that of the parent, which is NaN without one, and
// at most 1 % above that of the best matrix.
func (s *session) putBack(parent float64, lossOf func(affinity []float32) (float64, error)) error {
	most := contrary * s.best.loss
	for _, edges := range [][]float32{s.initial, s.related} {
		for _, share := range faint {
			scaled := make([]float32, len(edges))
			for i, v := range edges {
				scaled[i] = share * v
			}
			affinity := s.with(s.best.affinity, scaled)
			loss, err := lossOf(affinity)
			if err != nil {
				return err
			}
			if loss <= most && !(loss >= parent) {
				s.best.affinity, s.best.loss = affinity, loss
				break
			}
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
