package em

import (
	"context"
	"math"

	"github.com/deepscaler/deepscaler/learner/autodiff"
)

// learnPolicy trains θ under A_old (Algorithm 2, line 3); phase is that of its epochs.
func (s *session) learnPolicy(ctx context.Context, policy *autodiff.Policy, iteration int, phase string) error {
	copy(policy.Affinity, s.affinity)
	load := s.loader(Epoch{Iteration: iteration, Phase: phase})
	order := make([]int, s.problem.Training.Len())
	average := newAverage(s.model, (len(order)+load.batch-1)/load.batch)
	stale := 0
	for epoch := 1; epoch <= s.config.Epochs; epoch++ {
		s.shuffle(order)
		mean, err := load.pass(ctx, order, policy.Batch, func(b batch) (float64, error) {
			s.mislead(policy.X, b.samples)
			s.jitter(policy.X, b.samples)
			s.disturb(policy.Batch, b.samples)
			s.solver.Rate = s.rate(float64(b.at) / float64(len(order)))
			loss, err := policy.Step(s.solver)
			average.add()
			return loss, err
		})
		if err != nil {
			return err
		}
		s.policyDone++
		average.swap()
		loss, err := s.validate(ctx, s.affinity)
		if err != nil {
			return err
		}
		s.report(Epoch{Iteration: iteration, Phase: phase, Epoch: epoch, Training: mean, Validation: loss})
		if stale++; s.best.keep(s.model, s.affinity, loss) {
			stale = 0
		}
		// The next iteration continues from the average, because the graph was
		// learned with it.
		if epoch == s.config.Epochs || s.config.Patience > 0 && stale >= s.config.Patience {
			break
		}
		average.swap()
	}
	return nil
}

// rate is the learning rate that part of the way through the current epoch: half
// a cosine from the full rate to a hundredth of it.
func (s *session) rate(part float64) float64 {
	at := (float64(s.policyDone) + part) / float64(s.config.Iterations*s.config.Epochs)
	return s.config.Rate * (0.01 + 0.99*(1+math.Cos(math.Pi*min(at, 1)))/2)
}

// loader returns the loader of the training samples, for epochs of the iteration and
// phase of e.
func (s *session) loader(e Epoch) *loader {
	c, before := s.model.Config(), s.done
	return &loader{
		samples: s.problem.Training, batch: s.objective().Batch,
		out: c.Services * c.Outputs,
		passed: func(part float64) {
			e.Epoch, e.Training, e.Validation = s.done-before+1, math.NaN(), math.NaN()
			s.progress(e, float64(s.done)+part, s.total)
		},
	}
}

func (s *session) shuffle(order []int) {
	for i := range order {
		order[i] = i
	}
	s.rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
}
