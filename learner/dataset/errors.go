package dataset

import (
	"fmt"
	"math"
	"slices"
)

// Metrics are the errors of predictions (paper §V-A).
type Metrics struct {
	// Count is the number of labels that were predicted, Missed that of labels
	// without a prediction. Missed ones are in none of the errors below, so
	// predictors compare only when they missed the same.
	Count, Missed int
	// MAE and RMSE are the mean absolute and the root of the mean squared error
	// in the label's unit, NaN without a label.
	MAE, RMSE float64
	// MAPE is the mean absolute error as a fraction of the label, in per cent.
	// Labels nearer to 0 than [Errors.Epsilon] are left out of it: dividing by
	// them says nothing about the prediction. NaN when there are no others.
	MAPE float64
}

// String returns the three errors.
func (m Metrics) String() string {
	return fmt.Sprintf("MAE %.4g, RMSE %.4g, MAPE %.4g %%", m.MAE, m.RMSE, m.MAPE)
}

// Errors adds up the errors of predictions, by horizon.
type Errors struct {
	// Epsilon is the smallest absolute value of a label that counts in the
	// MAPE. [NewErrors] sets [DefaultEpsilon].
	Epsilon float64

	horizons []int
	sums     []sums
}

// DefaultEpsilon leaves out of the MAPE what is 0 but for rounding.
const DefaultEpsilon = 1e-6

type sums struct {
	count, missed, relative        int
	absolute, squared, percentages float64
}

// NewErrors returns errors without any, for the given steps ahead.
func NewErrors(horizons []int) *Errors {
	return &Errors{Epsilon: DefaultEpsilon, horizons: slices.Clone(horizons), sums: make([]sums, len(horizons))}
}

// Add compares predictions with labels, both as [...][H] in the label's unit. A
// label that is NaN is masked; a prediction that is not finite is missed.
func (e *Errors) Add(predicted, actual []float64) {
	checkLen("predicted", len(predicted), len(actual))
	if len(actual)%len(e.sums) != 0 {
		panic(fmt.Sprintf("dataset: %d labels for %d horizons", len(actual), len(e.sums)))
	}
	for i, y := range actual {
		if math.IsNaN(y) {
			continue
		}
		s := &e.sums[i%len(e.sums)]
		d := math.Abs(predicted[i] - y)
		if math.IsNaN(d) || math.IsInf(d, 0) {
			s.missed++
			continue
		}
		s.count++
		s.absolute += d
		s.squared += d * d
		if math.Abs(y) >= e.Epsilon {
			s.relative++
			s.percentages += 100 * d / math.Abs(y)
		}
	}
}

// Horizons returns the steps ahead that the errors are kept for.
func (e *Errors) Horizons() []int { return slices.Clone(e.horizons) }

// Horizon returns the errors at the i-th horizon.
func (e *Errors) Horizon(i int) Metrics { return e.sums[i].metrics() }

// Overall returns the errors at all horizons together.
func (e *Errors) Overall() Metrics {
	var all sums
	for _, s := range e.sums {
		all.count += s.count
		all.missed += s.missed
		all.relative += s.relative
		all.absolute += s.absolute
		all.squared += s.squared
		all.percentages += s.percentages
	}
	return all.metrics()
}

func (s sums) metrics() Metrics {
	return Metrics{
		Count:  s.count,
		Missed: s.missed,
		MAE:    s.absolute / float64(s.count), // 0/0 is NaN
		RMSE:   math.Sqrt(s.squared / float64(s.count)),
		MAPE:   s.percentages / float64(s.relative),
	}
}
