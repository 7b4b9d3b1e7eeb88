package features

import (
	"fmt"
	"math"
)

// MaxScaled bounds a scaled value. A value far from the mean, such as the first
// change of a feature that was constant in training, must not become infinite
// in a float32.
const MaxScaled = 1e6

// Scaler standardises values: scaled = (value − mean)/std.
type Scaler struct {
	// Services and Features are N and C.
	Services, Features int
	// Mean and Std hold N·C numbers each, row-major in (service, feature), in
	// the unit of the feature. Std is above 0, and 1 for constant features.
	Mean, Std []float64
}

// Apply returns the scaled value of feature c of service n, within
// ±[MaxScaled]. NaN stays NaN.
func (s *Scaler) Apply(n, c int, value float64) float64 {
	i := n*s.Features + c
	return scale(value, s.Mean[i], s.Std[i])
}

// Invert returns the value that [Scaler.Apply] scaled.
func (s *Scaler) Invert(n, c int, scaled float64) float64 {
	i := n*s.Features + c
	return scaled*s.Std[i] + s.Mean[i]
}

// Validate reports a scaler whose parts do not fit together, or whose mean is too
// large relative to its standard deviation.
func (s *Scaler) Validate() error {
	if want := s.Services * s.Features; want <= 0 || len(s.Mean) != want || len(s.Std) != want {
		return fmt.Errorf("scaler of %d services and %d features has %d means and %d standard deviations",
			s.Services, s.Features, len(s.Mean), len(s.Std))
	}
	for i, std := range s.Std {
		if m := s.Mean[i]; math.IsNaN(m) || math.IsInf(m, 0) || !(std > 0) || math.IsInf(std, 1) {
			return fmt.Errorf("scaler has mean %v and standard deviation %v for service %d, feature %d; want finite numbers, the latter above 0",
				m, std, i/s.Features, i%s.Features)
		}
		if math.IsInf(s.Mean[i]/std, 0) {
			return fmt.Errorf("mean %v of service %d, feature %d is beyond all bounds in units of its standard deviation %v",
				s.Mean[i], i/s.Features, i%s.Features, std)
		}
	}
	return nil
}

func scale(value, mean, std float64) float64 {
	// Dividing first keeps the difference of two huge numbers finite.
	return bound(value/std-mean/std, MaxScaled)
}

func bound(v, most float64) float64 {
	if v > most {
		return most
	}
	if v < -most {
		return -most
	}
	return v // NaN too
}
