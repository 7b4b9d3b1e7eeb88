package em

import (
	"context"
	"math"
)

// cover returns what is to be added to every output, after its share, so that as
// many of the validation labels lie below it as its quantile says: split conformal
// prediction (Romano, Patterson & Candès, Conformalized Quantile Regression, 2019).
//
// A lower bound that lies above an output counts as one more that is not covered. One
// that lies below says nothing about coverage and is left out.
func (s *session) cover(ctx context.Context, shares []float64) ([]float64, error) {
	outputs, quantiles := s.model.Config().Outputs, s.config.Quantiles
	parts := make([][][]float64, Parts)
	for i := range parts {
		parts[i] = make([][]float64, outputs)
	}
	err := Predict(ctx, s.model, s.best.affinity, s.problem.Validation, s.config.Workers, func(part, _ int, y, labels []float32, censored []bool) {
		for i, label := range labels {
			short := float64(label) - shares[i%outputs]*float64(y[i])
			if math.IsNaN(short) || censored[i] && short <= 0 {
				continue
			}
			of := &parts[part][i%outputs]
			*of = append(*of, short)
		}
	})
	if err != nil {
		return nil, err
	}
	offsets := make([]float64, outputs)
	for o := range offsets {
		var all []float64
		for _, part := range parts {
			all = append(all, part[o]...)
		}
		offsets[o] = conformal(all, quantiles[o%len(quantiles)])
	}
	return offsets, nil
}
