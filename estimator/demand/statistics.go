package demand

import "math"

// Line is an ordinary least-squares line v = intercept + slope·u.
type Line struct {
	n            float64
	meanU, meanV float64
	uu, uv, vv   float64
}

// FitLine fits a line to as many u as v. It takes sums of distances from the means, so
// that a large mean does not cancel the digits.
func FitLine(u, v []float64) Line {
	l := Line{n: float64(len(u))}
	v = v[:len(u)]
	for i := range u {
		l.meanU += u[i]
		l.meanV += v[i]
	}
	l.meanU /= l.n
	l.meanV /= l.n
	for i := range u {
		du, dv := u[i]-l.meanU, v[i]-l.meanV
		l.uu += du * du
		l.uv += du * dv
		l.vv += dv * dv
	}
	return l
}

// Slope returns 0 when u never varied.
func (l Line) Slope() float64 {
	if !(l.uu > 0) {
		return 0
	}
	return l.uv / l.uu
}

// intercept returns the value at u = 0 and its standard error. It needs three
// points at least, and a u that varied.
func (l Line) intercept() (value, stderr float64) {
	slope := l.Slope()
	residual := max(0, l.vv-slope*l.uv) / (l.n - 2)
	return l.meanV - slope*l.meanU, math.Sqrt(residual * (1/l.n + l.meanU*l.meanU/l.uu))
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
// the fitted value, by iteratively reweighted least squares. middle is the median of y.
// It moves the zero of x to its mean, so that no sum cancels. A pass takes the weights
// from the line so far, and improves the line by one through its residuals.
func fitRelative(x, y []float64, middle float64) (intercept, slope float64) {
	floor := smallest * math.Abs(middle)
	zero := 0.0
	for _, v := range x {
		zero += v / float64(len(x))
	}
	for i := range x {
		x[i] -= zero
	}
	y = y[:len(x)]
	sum, sumR := float64(len(x)), 0.0
	var sumX, sumXX, sumXR float64
	for i, v := range x { // every weight is 1
		sumX += v
		sumXX += v * v
		sumR += y[i]
		sumXR += v * y[i]
	}
	for k := 1; ; k++ {
		varied := sum*sumXX - sumX*sumX
		if !(varied > 0) {
			return intercept + sumR/sum - slope*zero, slope
		}
		change := (sum*sumXR - sumX*sumR) / varied
		intercept += (sumXX*sumR - sumX*sumXR) / varied
		slope += change
		if k == lineIterations || math.Abs(change) <= settled*math.Abs(slope) {
			return intercept - slope*zero, slope
		}
		sum, sumX, sumXX, sumR, sumXR = 0, 0, 0, 0, 0
		for i, v := range x {
			fitted := intercept + slope*v
			residual := y[i] - fitted
			scale := larger(fitted, floor)
			// Nearly always the residual is the largest of the three, so that in this
			// order the processor foresees the result.
			w := 1 / (scale * larger(larger(math.Abs(residual), smallest*scale), floor))
			sum += w
			sumR += w * residual
			wx := w * v
			sumX += wx
			sumXX += wx * v
			sumXR += wx * residual
		}
	}
}

// larger is max for numbers, without its care for NaN and signed zeros: windows have
// thousands.
func larger(a, b float64) float64 {
	if a > b {
		return a
	}
	return b
}

// Mean returns the mean of the values that are not missing, NaN without any.
func Mean(values []float64) float64 {
	sum, n := 0.0, 0.0
	for _, v := range values {
		if !math.IsNaN(v) {
			sum += v
			n++
		}
	}
	return sum / n
}

// Quantile returns the q-quantile of the values, NaN without any. It reorders them.
func Quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	k := int(q * float64(len(values)-1))
	for {
		pivot := middle(values[0], values[len(values)/2], values[len(values)-1])
		below := gather(values, func(v float64) bool { return v < pivot })
		if k < below {
			values = values[:below]
			continue
		}
		values, k = values[below:], k-below
		equal := gather(values, func(v float64) bool { return v == pivot })
		if k < equal || equal == 0 { // 0 only for NaN
			return pivot
		}
		values, k = values[equal:], k-equal
	}
}

func middle(a, b, c float64) float64 { return max(min(a, b), min(max(a, b), c)) }

// gather moves the values that belong to the front, and returns how many they are. What
// it does never depends on a value, so that no processor guesses wrong.
func gather[T any](values []T, belongs func(T) bool) (n int) {
	for i, v := range values {
		values[i], values[n] = values[n], v
		n += one(belongs(v))
	}
	return n
}

// one returns 1 for true. The compiler knows this form and makes no branch of it.
func one(b bool) (n int) {
	if b {
		n = 1
	}
	return n
}

// onStack is how many samples of a window are kept on the stack while they are
// fitted: most windows have fewer steps, and there are thousands of services.
const onStack = 128

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
	half := weigh(samples) / 2
	below := 0.0 // the weight of what is known to lie below
	for len(samples) > 0 {
		pivot := middle(samples[0].Value, samples[len(samples)/2].Value, samples[len(samples)-1].Value)
		n := gather(samples, func(s Weighted) bool { return s.Value < pivot })
		less := weigh(samples[:n])
		if below+less >= half && less > 0 {
			samples = samples[:n]
			continue
		}
		samples, below = samples[n:], below+less
		n = gather(samples, func(s Weighted) bool { return s.Value == pivot })
		equal := weigh(samples[:n])
		if below+equal >= half && equal > 0 || n == 0 { // 0 only for NaN
			return pivot
		}
		samples, below = samples[n:], below+equal
	}
	return math.NaN()
}

func weigh(samples []Weighted) (sum float64) {
	for _, s := range samples {
		sum += s.Weight
	}
	return sum
}
