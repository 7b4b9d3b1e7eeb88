package demand

import (
	"cmp"
	"math"
	"slices"
)

// line is a fitted y = intercept + slope·x, with the standard error of the
// intercept.
type line struct {
	intercept, slope, stderr float64
}

// relative makes deviations count as fractions of the fitted value.
func relative(fitted float64) float64 { return fitted }

const (
	lineIterations = 40
	// smallest is the deviation, as a fraction of the typical one, below which
	// a point counts as being on the line.
	smallest = 1e-3
)

// fitLine returns the line of least absolute deviations, each divided by what
// unit says of the fitted value (by nothing when it is nil), by iteratively
// reweighted least squares. A vertical cloud of points gives a slope of 0.
func fitLine(x, y, weights []float64, unit func(fitted float64) float64) line {
	w := slices.Clone(weights)
	deviations := make([]float64, len(x))
	floor := smallest * math.Abs(quantile(slices.Clone(y), 0.5))
	var l line
	var total, mean, spread float64
	for range lineIterations {
		l, total, mean, spread = leastSquares(x, y, w)
		for i := range x {
			fitted := l.intercept + l.slope*x[i]
			scale := 1.0
			if unit != nil {
				scale = unit(max(fitted, floor))
			}
			deviations[i] = math.Abs(y[i] - fitted)
			w[i] = weights[i] / (scale * max(deviations[i], smallest*scale, floor))
		}
	}
	if spread > 0 {
		// For normal deviations their median is 0.67 standard deviations, and
		// the standard error of a median 1.25 times that of a mean.
		deviation := 1.25 / 0.67 * quantile(deviations, 0.5)
		l.stderr = deviation * math.Sqrt((1+mean*mean*total/spread)/float64(len(x)))
	}
	return l
}

// leastSquares returns the weighted line, the total weight, the mean of x and
// its sum of squares about the mean.
func leastSquares(x, y, w []float64) (l line, total, meanX, xx float64) {
	var meanY, xy float64
	for i := range x {
		total += w[i]
		meanX += w[i] * x[i]
		meanY += w[i] * y[i]
	}
	meanX /= total
	meanY /= total
	for i := range x {
		xx += w[i] * (x[i] - meanX) * (x[i] - meanX)
		xy += w[i] * (x[i] - meanX) * (y[i] - meanY)
	}
	if xx > 0 {
		l.slope = xy / xx
	}
	l.intercept = meanY - l.slope*meanX
	return l, total, meanX, xx
}

// known returns the values that are not NaN.
func known(values []float64) []float64 {
	return slices.DeleteFunc(slices.Clone(values), math.IsNaN)
}

// quantile returns the q-quantile of the values, NaN without any. It does not
// change them.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted[int(q*float64(len(sorted)-1)+0.5)]
}

// weightedMedian returns the value that half of the weight lies at or below,
// NaN without any.
func weightedMedian(values, weights []float64) float64 {
	order := make([]int, len(values))
	total := 0.0
	for i, w := range weights {
		order[i] = i
		total += w
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	below := 0.0
	for _, i := range order {
		below += weights[i]
		if below >= total/2 {
			return values[i]
		}
	}
	return math.NaN()
}
