package em

import (
	"context"
	"math"
	"slices"

	"github.com/deepscaler/deepscaler/estimator/features"
)

// quarters are the shares that are tried where outputs correct a forecast: 0 to 1.
const quarters = 4

// correct calibrates outputs that correct a forecast which serves without them. It
// returns a share and an offset for each output of each service, N·O each.
//
// The outputs are what is predicted when the largest share whose pinball loss is
// lowest is taken of them, and the offset that [session.cover] would add is added. A share that does
// not beat the forecast alone, with its own offset, by more than one standard error is 0.
func (s *session) correct(ctx context.Context) (shares, offsets []float64, err error) {
	c, quantiles := s.model.Config(), s.config.Quantiles
	size, samples := c.Services*c.Outputs, s.problem.Validation.Len()
	seen := make([][]scored, size)
	for i := range seen {
		seen[i] = make([]scored, samples)
	}
	err = Predict(ctx, s.model, s.best.affinity, s.problem.Validation, s.config.Workers, func(_, index int, y, labels []float32, censored []bool) {
		for i, label := range labels {
			seen[i][index] = scored{float64(label), float64(y[i]), index * stretches / samples, censored[i]}
		}
	})
	if err != nil {
		return nil, nil, err
	}
	shares, offsets = make([]float64, size), make([]float64, size)
	for i, all := range seen {
		shares[i], offsets[i] = shareOf(all, quantiles[i%len(quantiles)])
	}
	return shares, offsets, nil
}

// scored is a label and an output, both in the unit of outputs.
type scored struct {
	label, output float64
	stretch       int
	censored      bool
}

// shareOf returns the share and the offset of one output.
func shareOf(all []scored, quantile float64) (share, offset float64) {
	all = slices.DeleteFunc(all, func(v scored) bool { return math.IsNaN(v.label) })
	var losses [quarters + 1][stretches]float64
	var offsets [quarters + 1]float64
	chosen, lowest := 0, math.Inf(1)
	for k := range losses {
		of := float64(k) / quarters
		offsets[k] = covering(all, of, quantile)
		sum := 0.0
		for _, v := range all {
			short := v.label - features.Add(of*v.output+offsets[k])
			if short < 0 && v.censored {
				continue
			}
			loss := max(quantile*short, (quantile-1)*short)
			losses[k][v.stretch] += loss
			sum += loss
		}
		if sum <= lowest {
			chosen, lowest = k, sum
		}
	}
	if !Exceed(losses[0][:], losses[chosen][:], 1) {
		chosen = 0
	}
	return float64(chosen) / quarters, offsets[chosen]
}

// covering returns the offset with which a share of the outputs covers as many labels as
// the quantile says, or more where the forecast alone does. A lower bound counts if it
// is not covered without.
func covering(all []scored, share, quantile float64) float64 {
	var short []float64
	for _, v := range all {
		switch d := v.label - share*v.output; {
		case v.label <= 0 && !v.censored: // covered by the forecast alone
			short = append(short, math.Inf(-1))
		case !v.censored || d > 0:
			short = append(short, d)
		}
	}
	if offset := conformal(short, quantile); !math.IsInf(offset, -1) {
		return offset
	}
	return 0
}

// conformal returns the ⌈q·(n+1)⌉-th smallest value, as if the next sample were one of
// them; 0 without any.
func conformal(values []float64, quantile float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	at := int(math.Ceil(quantile*float64(len(values)+1))) - 1
	return values[min(at, len(values)-1)]
}
