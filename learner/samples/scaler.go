package samples

import (
	"fmt"
	"math"

	"github.com/deepscaler/deepscaler/estimator"
)

// ScaleMode says over what a mean and a standard deviation are taken.
type ScaleMode string

const (
	// ScalePerService gives every service its own for every feature, so that a
	// change of a small service counts as much as one of a large service. A
	// service without data has those of all services together.
	ScalePerService ScaleMode = "service"
	// ScaleGlobal gives all services the same for a feature, which keeps their
	// proportions.
	ScaleGlobal ScaleMode = "global"
)

// MaxScaled bounds a scaled value: what is further from the mean than a million
// standard deviations, such as the first value of a feature that never moved in
// training, must not become infinite in a float32.
const MaxScaled = 1e6

const (
	// constantBelow is the standard deviation, as a fraction of the largest
	// value, up to which a feature is constant but for rounding.
	constantBelow = 1e-12
	// squarable is the largest value whose square, summed over a history, is
	// finite by far.
	squarable = 1e100
)

// Scaler standardises values: scaled = (value − mean)/std.
type Scaler struct {
	// Services and Features are N and C.
	Services, Features int
	// Mean and Std hold N·C numbers each, row-major in (service, feature), in
	// the unit of the feature. Std is above 0; it is 1 for what was constant.
	Mean, Std []float64
}

// FitScaler fits a scaler on the steps in r alone, ignoring missing values. A
// feature without any value has mean 0 and standard deviation 1.
func FitScaler(s *estimator.Window, r estimator.Range, mode ScaleMode) (*Scaler, error) {
	if mode != ScalePerService && mode != ScaleGlobal {
		return nil, fmt.Errorf("scale is %q, want %q or %q", mode, ScalePerService, ScaleGlobal)
	}
	part := s.Slice(r)
	n, c := len(s.Services), len(s.Features)
	single, pooled := newMoments(n*c), newMoments(c)
	for i, v := range part.Values {
		single.reach(i%(n*c), v)
		pooled.reach(i%c, v)
	}
	for i, v := range part.Values {
		single.add(i%(n*c), v)
		pooled.add(i%c, v)
	}
	single.divide()
	pooled.divide()
	for i, v := range part.Values {
		single.deviate(i%(n*c), v)
		pooled.deviate(i%c, v)
	}
	out := &Scaler{Services: n, Features: c, Mean: make([]float64, n*c), Std: make([]float64, n*c)}
	for i := range out.Mean {
		if mode == ScalePerService && single.count[i] > 0 {
			out.Mean[i], out.Std[i] = single.meanStd(i)
		} else {
			out.Mean[i], out.Std[i] = pooled.meanStd(i % c)
		}
	}
	return out, nil
}

// Apply returns the scaled value of feature c of service n, within
// ±[MaxScaled]. NaN stays NaN.
func (s *Scaler) Apply(n, c int, value float64) float64 {
	i := n*s.Features + c
	// Dividing first keeps the difference of two huge numbers finite.
	return bound(value/s.Std[i] - s.Mean[i]/s.Std[i])
}

// Invert returns the value that [Scaler.Apply] scaled.
func (s *Scaler) Invert(n, c int, scaled float64) float64 {
	i := n*s.Features + c
	return scaled*s.Std[i] + s.Mean[i]
}

// Validate reports a scaler whose parts do not fit together.
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
	}
	return nil
}

func bound(v float64) float64 {
	if v > MaxScaled {
		return MaxScaled
	}
	if v < -MaxScaled {
		return -MaxScaled
	}
	return v
}

// moments are means and standard deviations of several columns in two passes,
// in units in which no square overflows.
type moments struct {
	largest, unit, mean, square []float64
	count                       []float64
}

func newMoments(columns int) *moments {
	m := &moments{}
	for _, p := range []*[]float64{&m.largest, &m.unit, &m.mean, &m.square, &m.count} {
		*p = make([]float64, columns)
	}
	for i := range m.unit {
		m.unit[i] = 1
	}
	return m
}

func (m *moments) reach(i int, v float64) {
	if v = math.Abs(v); v > m.largest[i] { // false for NaN
		m.largest[i] = v
		if v > squarable {
			m.unit[i] = v
		}
	}
}

func (m *moments) add(i int, v float64) {
	if !math.IsNaN(v) {
		m.mean[i] += v / m.unit[i]
		m.count[i]++
	}
}

func (m *moments) divide() {
	for i := range m.mean {
		m.mean[i] /= max(1, m.count[i])
	}
}

func (m *moments) deviate(i int, v float64) {
	if !math.IsNaN(v) {
		d := v/m.unit[i] - m.mean[i]
		m.square[i] += d * d
	}
}

func (m *moments) meanStd(i int) (mean, std float64) {
	std = math.Sqrt(m.square[i]/max(1, m.count[i])) * m.unit[i]
	if std <= constantBelow*m.largest[i] {
		std = 1
	}
	return m.mean[i] * m.unit[i], std
}
