package em

import (
	"context"
	"math"
)

// Calibration chooses the share of an output from 0, 1/20, … to 24/20.
const (
	shareUnit = 1.0 / 20
	whole     = 20 // share 1
	shares    = 25
)

// stretches is the number of contiguous parts of the validation samples whose losses
// are compared. Neighbouring samples are too similar to be independent.
const stretches = 10

// calibrate returns, for every output of the best pair, the share of it that
// predicts the validation samples best: the one closest to 1 whose loss is within
// one standard error of the lowest (Breiman et al., Classification and Regression
// Trees, 1984, §3.4.3).
//
// Where little can be predicted, as one step ahead of a noisy series, a network
// overstates changes that it remembers from training, and half of the predicted
// change is a better prediction. With labels that are levels, a share below 1
// draws predictions to the mean.
func (s *session) calibrate(ctx context.Context) ([]float64, error) {
	outputs, quantiles := s.model.Config().Outputs, s.config.Quantiles
	samples := s.problem.Validation.Len()
	parts := make([][]scores, Parts)
	for i := range parts {
		parts[i] = make([]scores, outputs)
	}
	err := Predict(ctx, s.model, s.best.affinity, s.problem.Validation, s.config.Workers, func(part, index int, y, labels []float32, censored []bool) {
		stretch := index * stretches / samples
		for i, label := range labels {
			if label != label {
				continue
			}
			weight := 1.0
			if s.problem.Weights != nil {
				weight = float64(s.problem.Weights[i/outputs])
			}
			score, quantile := &parts[part][i%outputs], quantiles[i%len(quantiles)]
			for k := range shares {
				short := float64(label) - float64(k)*shareUnit*float64(y[i])
				if short < 0 && censored[i] {
					continue
				}
				score[k][stretch] += weight * max(quantile*short, (quantile-1)*short)
			}
		}
	})
	if err != nil {
		return nil, err
	}
	chosen := make([]float64, outputs)
	for o := range chosen {
		var all scores
		for _, part := range parts {
			all.add(&part[o])
		}
		chosen[o] = float64(all.choose()) * shareUnit
	}
	return chosen, nil
}

// scores are sums of losses by share and stretch.
type scores [shares][stretches]float64

func (s *scores) add(other *scores) {
	for k := range s {
		for i := range s[k] {
			s[k][i] += other[k][i]
		}
	}
}

// choose returns the index of the share closest to 1 that is as good as the best.
func (s *scores) choose() int {
	best, lowest := whole, math.Inf(1)
	for k := range s {
		sum := 0.0
		for _, v := range s[k] {
			sum += v
		}
		if sum < lowest {
			best, lowest = k, sum
		}
	}
	step := 1
	if best < whole {
		step = -1
	}
	k := whole
	for k != best && Exceed(s[k][:], s[best][:], 1) {
		k += step
	}
	return k
}
