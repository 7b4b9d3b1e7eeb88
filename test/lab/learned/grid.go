package learned

import (
	"context"
	"slices"

	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/learner/train"
)

// Taught is the best network of a small grid of hyperparameters.
type Taught struct {
	*train.Result
	// Trials are all networks of the grid; the one with the lowest validation loss is
	// the result.
	Trials []Trial
}

// Trial is one network of a grid.
type Trial struct {
	// Rate of learning and weight decay.
	Rate, Decay float64
	// Validation is the loss in standard deviations of the labels.
	Validation float64
}

// grid returns the hyperparameters to try for a kind of network. The defaults of deepscaler
// train were chosen for its own network; others are tuned for each application.
func grid(kind string) []Trial {
	usual := train.DefaultSpec().Learning
	all := []Trial{{Rate: usual.Rate, Decay: usual.Decay}}
	if kind == artifact.KindDeepScaler || slices.Contains(Variants(), kind) {
		return all
	}
	for _, rate := range []float64{usual.Rate, 5 * usual.Rate} {
		for _, decay := range []float64{0.1, usual.Decay} {
			if t := (Trial{Rate: rate, Decay: decay}); t != all[0] {
				all = append(all, t)
			}
		}
	}
	return all
}

// Best trains a network of a kind with each of its hyperparameters and returns the one
// that predicts the validation part best.
func (l *Lesson) Best(ctx context.Context, kind string) (*Taught, error) {
	var best Taught
	for _, t := range grid(kind) {
		result, err := l.Train(ctx, kind, func(s *train.Spec) { s.Learning.Rate, s.Learning.Decay = t.Rate, t.Decay })
		if err != nil {
			return nil, err
		}
		t.Validation = result.Report.Validation
		best.Trials = append(best.Trials, t)
		if best.Result == nil || t.Validation < best.Report.Validation {
			best.Result = result
		}
	}
	return &best, nil
}
