package demand

import (
	"cmp"
	"math"
	"slices"
)

// Regression accumulates an ordinary least-squares line v = intercept + slope·u
// (Welford's update, so that a large mean does not cancel the digits).
type Regression struct {
	n            float64
	meanU, meanV float64
	uu, uv, vv   float64
}

// Add adds a point.
func (r *Regression) Add(u, v float64) { r.add(u, v, 1) }

func (r *Regression) add(u, v, weight float64) {
	r.n += weight
	du, dv := u-r.meanU, v-r.meanV
	r.meanU += du * weight / r.n
	r.meanV += dv * weight / r.n
	r.uu += weight * du * (u - r.meanU)
	r.uv += weight * du * (v - r.meanV)
	r.vv += weight * dv * (v - r.meanV)
}

// Slope returns 0 when u never varied.
func (r *Regression) Slope() float64 {
	if r.uu <= 0 {
		return 0
	}
	return r.uv / r.uu
}

// intercept returns the value at u = 0 and its standard error. It needs three
// points at least, all of weight 1, and a u that varied.
func (r *Regression) intercept() (value, stderr float64) {
	slope := r.Slope()
	residual := max(0, r.vv-slope*r.uv) / (r.n - 2)
	return r.meanV - slope*r.meanU, math.Sqrt(residual * (1/r.n + r.meanU*r.meanU/r.uu))
}

const (
	lineIterations = 40
	// smallest is the deviation, as a fraction of the typical value, below which
	// a point counts as on the line.
	smallest = 1e-3
)

// fitRelative returns the line of least absolute deviations, each as a fraction of
// the fitted value, by iteratively reweighted least squares.
func fitRelative(x, y []float64) (intercept, slope float64) {
	floor := smallest * math.Abs(Quantile(slices.Clone(y), 0.5))
	weights := slices.Repeat([]float64{1}, len(x))
	for range lineIterations {
		var line Regression
		for i := range x {
			line.add(x[i], y[i], weights[i])
		}
		slope = line.Slope()
		intercept = line.meanV - slope*line.meanU
		for i := range x {
			fitted := intercept + slope*x[i]
			scale := max(fitted, floor)
			weights[i] = 1 / (scale * max(math.Abs(y[i]-fitted), smallest*scale, floor))
		}
	}
	return intercept, slope
}

// Quantile returns the q-quantile of the values, NaN without any. It sorts them.
func Quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	slices.Sort(values)
	return values[int(q*float64(len(values)-1))]
}

// onStack is how many samples of a window are kept on the stack while they are
// fitted: most windows have fewer steps, and there are thousands of services.
const onStack = 64

// room returns an empty slice for n elements, in buffer if that is large enough.
func room[T any](buffer []T, n int) []T {
	if n <= cap(buffer) {
		return buffer[:0]
	}
	return make([]T, 0, n)
}

// appendKnown appends the values that are not NaN.
func appendKnown(to, values []float64) []float64 {
	for _, v := range values {
		if !math.IsNaN(v) {
			to = append(to, v)
		}
	}
	return to
}

// Weighted is a value and its weight.
type Weighted struct{ Value, Weight float64 }

// WeightedMedian returns the value that half of the weight lies at or below,
// NaN without any weight. It sorts the samples.
func WeightedMedian(samples []Weighted) float64 {
	slices.SortFunc(samples, func(a, b Weighted) int {
		return cmp.Or(cmp.Compare(a.Value, b.Value), cmp.Compare(a.Weight, b.Weight))
	})
	total := 0.0
	for _, s := range samples {
		total += s.Weight
	}
	below := 0.0
	for _, s := range samples {
		below += s.Weight
		if s.Weight > 0 && below >= total/2 {
			return s.Value
		}
	}
	return math.NaN()
}
