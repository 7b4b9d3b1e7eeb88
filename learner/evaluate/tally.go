package evaluate

import (
	"fmt"
	"math"
	"slices"
)

// Tally adds up the errors of predictions, by horizon.
type Tally struct {
	// Epsilon is the smallest absolute value of a label that counts in the
	// MAPE. [NewTally] sets [DefaultEpsilon].
	Epsilon float64

	horizons []int
	sums     []sums
}

// DefaultEpsilon excludes labels from the MAPE that are 0 except for rounding.
const DefaultEpsilon = 1e-6

type sums struct {
	count, missed, relative        int
	absolute, squared, percentages float64
}

// NewTally returns an empty tally for the given steps ahead.
func NewTally(horizons []int) *Tally {
	return &Tally{Epsilon: DefaultEpsilon, horizons: slices.Clone(horizons), sums: make([]sums, len(horizons))}
}

// Add compares predictions with labels, both as [...][H] in the label's unit. A NaN
// label is masked; a prediction that is not finite is missed. A censored label is a
// lower bound, so a prediction above it has no error; nil censors none.
func (t *Tally) Add(predicted, actual []float64, censored []bool) {
	if len(predicted) != len(actual) || len(actual)%len(t.sums) != 0 {
		panic(fmt.Sprintf("evaluate: %d predictions of %d labels for %d horizons", len(predicted), len(actual), len(t.sums)))
	}
	for i, y := range actual {
		if math.IsNaN(y) {
			continue
		}
		s := &t.sums[i%len(t.sums)]
		d := math.Abs(predicted[i] - y)
		if math.IsNaN(d) || math.IsInf(d, 0) {
			s.missed++
			continue
		}
		if censored != nil && censored[i] && predicted[i] > y {
			d = 0
		}
		s.count++
		s.absolute += d
		s.squared += d * d
		if math.Abs(y) >= t.Epsilon {
			s.relative++
			s.percentages += 100 * d / math.Abs(y)
		}
	}
}

// Horizon returns the errors at the i-th horizon.
func (t *Tally) Horizon(i int) Metrics { return t.sums[i].metrics() }

// Overall returns the errors at all horizons together.
func (t *Tally) Overall() Metrics {
	var all sums
	for _, s := range t.sums {
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
