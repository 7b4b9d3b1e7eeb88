package model

import (
	"fmt"
	"math"
	"slices"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/demand"
)

// maxScaled bounds a scaled input, as in training: what is further from the mean
// than a million standard deviations must not become infinite in a float32.
const maxScaled = 1e6

// scaler is [artifact.Scaler] in the layout of the network.
type scaler struct {
	mean, std             []float64 // N·C, in (service, feature); mean is in units of std
	targetMean, targetStd []float64 // N
	shares                []float64 // O
	// anchor is the feature whose last sample outputs are changes from, -1 when
	// they are values. With sizings, they are changes from the replicas that are
	// enough for the demand, seen by that feature, replicas, and by cpu.
	anchor, cpu int
	sizings     []demand.Sizing
}

func newScaler(a *artifact.Model) (*scaler, error) {
	s := &scaler{
		targetMean: slices.Clone(a.Scaler.TargetMean),
		targetStd:  slices.Clone(a.Scaler.TargetStd),
		shares:     slices.Clone(a.Scaler.Shares),
		anchor:     -1,
	}
	if len(s.shares) == 0 {
		s.shares = slices.Repeat([]float64{1}, len(a.Horizons))
	}
	for n, means := range a.Scaler.Mean {
		for c, mean := range means {
			std := a.Scaler.Std[n][c]
			// Dividing first keeps the difference of two huge numbers finite.
			mean /= std
			if math.IsInf(mean, 0) {
				return nil, fmt.Errorf("scaler of service %q, feature %q: mean %v is beyond all bounds in units of std %v; train the model again",
					a.Services[n], a.Features[c], a.Scaler.Mean[n][c], std)
			}
			s.mean, s.std = append(s.mean, mean), append(s.std, std)
		}
	}
	switch a.Scaler.Anchor {
	case artifact.AnchorChange:
		s.anchor = slices.Index(a.Features, a.Target)
	case artifact.AnchorDemand:
		s.anchor, s.cpu = slices.Index(a.Features, string(estimator.Replicas)), slices.Index(a.Features, string(estimator.CPU))
		s.sizings = slices.Clone(a.Scaler.Sizings)
	}
	return s, nil
}

// seen returns what the outputs for service n would be changes from, were step the
// last one: the samples of all its features, NaN where one is missing. So is the
// result when it cannot be told.
func (s *scaler) seen(n int, step []float64) float64 {
	if s.sizings != nil {
		return s.sizings[n].Present(step[s.anchor], step[s.cpu])
	}
	return step[s.anchor]
}

// apply returns the scaled value of input i, service·C + feature.
func (s *scaler) apply(i int, v float64) float32 {
	return float32(min(max(v/s.std[i]-s.mean[i], -maxScaled), maxScaled))
}

// restore returns output o of service n in the unit of the target. The anchor
// is what outputs are changes from, NaN when it was not seen: the change is then
// from the mean, as in training.
func (s *scaler) restore(n, o int, anchor float64, output float32) float64 {
	if s.anchor < 0 || math.IsNaN(anchor) {
		anchor = s.targetMean[n]
	}
	return anchor + s.targetStd[n]*s.shares[o]*float64(output)
}
