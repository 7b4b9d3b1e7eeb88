package features

import (
	"fmt"
	"math"

	"github.com/deepscaler/deepscaler/estimator"
)

// ScaleMode selects the samples of a mean and a standard deviation.
type ScaleMode string

const (
	// ScalePerService scales each feature of each service by itself. A change
	// of a small service then counts as much as one of a large service. A
	// service without data has the values of all services together.
	ScalePerService ScaleMode = "service"
	// ScaleGlobal scales a feature the same for all services, which keeps their
	// proportions.
	ScaleGlobal ScaleMode = "global"
)

const (
	// constantBelow is the standard deviation, as a fraction of the largest
	// value, up to which a feature counts as constant.
	constantBelow = 1e-12
	// squarable is a value whose square, summed over a history, is certainly
	// finite.
	squarable = 1e100
)

// Fit fits a scaler on the steps in r alone, ignoring missing values. A
// feature without any value has mean 0 and standard deviation 1.
func Fit(w *estimator.Window, r estimator.Range, mode ScaleMode) (*Scaler, error) {
	if mode != ScalePerService && mode != ScaleGlobal {
		return nil, fmt.Errorf("scale is %q, want %q or %q", mode, ScalePerService, ScaleGlobal)
	}
	part := w.Slice(r)
	n, c := len(w.Services), len(w.Features)
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
