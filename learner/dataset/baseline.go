package dataset

import "math"

// Predictor predicts samples: it writes [B][N][H] numbers in the label's own
// unit, NaN where it has nothing to say.
type Predictor func(p Part, indices []int, y []float64)

// Persistence predicts that everything stays as it is: the last label known at
// the origin. For [Required] that is the last requirement, not the last replica
// count. Before there was any it predicts the mean of the training part.
func (d *Dataset) Persistence() Predictor {
	n := len(d.series.Services)
	last := carried(d.labels, n, math.MaxInt, d.labelScaler.Mean)
	return func(p Part, indices []int, y []float64) {
		d.eachLabel(p, indices, y, func(origin, service, _ int) float64 { return last[origin*n+service] })
	}
}

// SeasonalNaive predicts what was a season ago, in steps: the label of the same
// phase in the last season that the origin has seen. Where that is missing it
// is the season before, and so on; where there is none it is what
// [Dataset.Persistence] says. A period below 1 means that of [Dataset.Season].
func (d *Dataset) SeasonalNaive(period int) Predictor {
	if period < 1 {
		period = d.Season()
	}
	n := len(d.series.Services)
	last := carried(d.labels, n, math.MaxInt, d.labelScaler.Mean)
	return func(p Part, indices []int, y []float64) {
		d.eachLabel(p, indices, y, func(origin, service, ahead int) float64 {
			// The number of whole seasons that brings origin+ahead to the
			// origin or before it.
			back := (ahead + period - 1) / period * period
			for t := origin + ahead - back; t >= 0; t -= period {
				if v := d.labels[t*n+service]; !math.IsNaN(v) {
					return v
				}
			}
			return last[origin*n+service]
		})
	}
}

// Evaluate compares a predictor with the labels of all samples of the part.
func (d *Dataset) Evaluate(p Part, predict Predictor) *Errors {
	e := NewErrors(d.options.Horizons)
	predicted, actual := make([]float64, d.LabelLen()), make([]float64, d.LabelLen())
	for i := range d.Samples(p) {
		index := []int{i}
		predict(p, index, predicted)
		d.Labels(p, index, actual)
		e.Add(predicted, actual)
	}
	return e
}
