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
func (r *Regression) Add(u, v float64) {
	r.n++
	du, dv := u-r.meanU, v-r.meanV
	r.meanU += du / r.n
	r.meanV += dv / r.n
	r.uu += du * (u - r.meanU)
	r.uv += du * (v - r.meanV)
	r.vv += dv * (v - r.meanV)
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
	// settled is the relative change of the slope at which the line is found.
	settled = 1e-4
)

// fitRelative returns the line of least absolute deviations, each as a fraction of
// the fitted value, by iteratively reweighted least squares.
func fitRelative(x, y []float64) (intercept, slope float64) {
	var sorted, weighted [onStack]float64
	floor := smallest * math.Abs(Quantile(append(room(sorted[:], len(y)), y...), 0.5))
	weights := room(weighted[:], len(x))
	for range x {
		weights = append(weights, 1)
	}
	for range lineIterations {
		before := slope
		intercept, slope = weightedLine(x, y, weights)
		if math.Abs(slope-before) <= settled*math.Abs(slope) {
			break
		}
		for i := range x {
			fitted := intercept + slope*x[i]
			scale := max(fitted, floor)
			weights[i] = 1 / (scale * max(math.Abs(y[i]-fitted), smallest*scale, floor))
		}
	}
	return intercept, slope
}

// weightedLine returns the least-squares line, with a slope of 0 when x never varied.
// Two passes need no division in the loop, unlike [Regression].
func weightedLine(x, y, weights []float64) (intercept, slope float64) {
	var sum, meanX, meanY, xx, xy float64
	for i, w := range weights {
		sum += w
		meanX += w * x[i]
		meanY += w * y[i]
	}
	meanX /= sum
	meanY /= sum
	for i, w := range weights {
		dx := x[i] - meanX
		xx += w * dx * dx
		xy += w * dx * (y[i] - meanY)
	}
	if xx > 0 {
		slope = xy / xx
	}
	return meanY - slope*meanX, slope
}

// Quantile returns the q-quantile of the values, NaN without any. It reorders them.
func Quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	k := int(q * float64(len(values)-1))
	for len(values) > fewToSort {
		pivot := middle(values[0], values[len(values)/2], values[len(values)-1])
		below, above := split(values, pivot)
		switch {
		case k < below:
			values = values[:below]
		case k >= above:
			values, k = values[above:], k-above
		default:
			return pivot
		}
	}
	slices.Sort(values)
	return values[k]
}

// fewToSort is the number of values up to which sorting is as fast as selection.
const fewToSort = 12

func middle(a, b, c float64) float64 { return max(min(a, b), min(max(a, b), c)) }

// split is partition for plain values, without a call for each: windows have thousands.
func split(values []float64, pivot float64) (below, above int) {
	above = len(values)
	for i := 0; i < above; {
		switch v := values[i]; {
		case v < pivot:
			values[i], values[below] = values[below], v
			below++
			i++
		case v > pivot:
			above--
			values[i], values[above] = values[above], v
		default:
			i++
		}
	}
	return below, above
}

// partition reorders values into those below, equal to and above a pivot, and returns
// where the second and the third begin.
func partition[T any](values []T, compare func(T) int) (below, above int) {
	above = len(values)
	for i := 0; i < above; {
		switch c := compare(values[i]); {
		case c < 0:
			values[i], values[below] = values[below], values[i]
			below++
			i++
		case c > 0:
			above--
			values[i], values[above] = values[above], values[i]
		default:
			i++
		}
	}
	return below, above
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

// WeightedMedian returns the value that half of the weight lies at or below, NaN without
// any weight. It reorders the samples.
func WeightedMedian(samples []Weighted) float64 {
	total := 0.0
	for _, s := range samples {
		total += s.Weight
	}
	below := 0.0 // the weight of what is known to lie below
	for len(samples) > fewToSort {
		pivot := middle(samples[0].Value, samples[len(samples)/2].Value, samples[len(samples)-1].Value)
		from, to := partition(samples, func(s Weighted) int { return cmp.Compare(s.Value, pivot) })
		less, equal := weigh(samples[:from]), weigh(samples[from:to])
		switch {
		case below+less >= total/2 && less > 0:
			samples = samples[:from]
		case below+less+equal >= total/2 && equal > 0:
			return pivot
		default:
			samples, below = samples[to:], below+less+equal
		}
	}
	slices.SortFunc(samples, func(a, b Weighted) int { return cmp.Compare(a.Value, b.Value) })
	for _, s := range samples {
		below += s.Weight
		if s.Weight > 0 && below >= total/2 {
			return s.Value
		}
	}
	return math.NaN()
}

func weigh(samples []Weighted) (sum float64) {
	for _, s := range samples {
		sum += s.Weight
	}
	return sum
}
