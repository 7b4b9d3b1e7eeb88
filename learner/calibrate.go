package learner

import (
	"context"
	"math"
)

// Calibration chooses the share of an output from 0, 1/20, … to 24/20.
const (
	shareSteps = 24
	shareUnit  = 1.0 / 20
)

// calibrate returns, for every output of the best pair, the share of it that has
// the lowest loss over the validation samples.
//
// Where there is little to know, as one step ahead of a noisy series, a network
// says too much of what it remembers from training: half of the change that it
// predicts is then a better prediction. With labels that are levels, a share below
// 1 draws predictions to the mean.
func (s *session) calibrate(ctx context.Context) ([]float64, error) {
	outputs, quantile := s.model.Config().Outputs, s.config.Quantile
	sums := make([][]float64, s.config.Workers)
	for i := range sums {
		sums[i] = make([]float64, outputs*(shareSteps+1))
	}
	err := Predict(ctx, s.model, s.best.affinity, s.problem.Validation, s.config.Workers, func(part, _ int, y, labels []float32) {
		for i, label := range labels {
			if label != label {
				continue
			}
			weight := 1.0
			if s.problem.Weights != nil {
				weight = float64(s.problem.Weights[i/outputs])
			}
			sum := sums[part][i%outputs*(shareSteps+1):]
			for k := range shareSteps + 1 {
				short := float64(label) - float64(k)*shareUnit*float64(y[i])
				sum[k] += weight * max(quantile*short, (quantile-1)*short)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	shares := make([]float64, outputs)
	for o := range shares {
		lowest := math.Inf(1)
		for k := range shareSteps + 1 {
			sum := 0.0
			for _, part := range sums {
				sum += part[o*(shareSteps+1)+k]
			}
			if sum < lowest {
				lowest, shares[o] = sum, float64(k)*shareUnit
			}
		}
	}
	return shares, nil
}
