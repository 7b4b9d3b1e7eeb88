package evaluate

import (
	"math"

	"github.com/deepscaler/deepscaler/learner/samples"
)

// Predictor predicts samples: it writes [B][N][H] numbers in the label's own
// unit, NaN where it has no prediction.
type Predictor func(p samples.Part, indices []int, y []float64)

// Persistence predicts that everything stays as it is: the last label known at
// the origin. For [samples.Required] that is the last requirement, not the last
// replica count. Before the first label it predicts the mean of the training
// part.
func Persistence(d *samples.Set) Predictor {
	last := lastKnown(d)
	return each(d, func(origin, service, _ int) float64 { return last[service][origin] })
}

// SeasonalNaive predicts the label of the same phase in the last complete
// season before the origin. If that is missing it takes the season before, and
// so on; without any it predicts as [Persistence]. The period is in steps, at least 1; see
// [Season].
func SeasonalNaive(d *samples.Set, period int) Predictor {
	last := lastKnown(d)
	return each(d, func(origin, service, ahead int) float64 {
		// Whole seasons that move origin+ahead to the origin or before it.
		back := (ahead + period - 1) / period * period
		for t := origin + ahead - back; t >= 0; t -= period {
			if v := d.Label(t, service); !math.IsNaN(v) {
				return v
			}
		}
		return last[service][origin]
	})
}

// lastKnown returns for every service and step the last label up to that step.
func lastKnown(d *samples.Set) [][]float64 {
	steps := d.Series().Steps
	last := make([][]float64, len(d.Series().Services))
	for n := range last {
		last[n] = make([]float64, steps)
		known := d.LabelScaler().Mean[n]
		for t := range steps {
			if v := d.Label(t, n); !math.IsNaN(v) {
				known = v
			}
			last[n][t] = known
		}
	}
	return last
}

// each returns the predictor that calls value for every label.
func each(d *samples.Set, value func(origin, service, ahead int) float64) Predictor {
	return func(p samples.Part, indices []int, y []float64) {
		k := 0
		for _, i := range indices {
			origin := d.Origin(p, i)
			for n := range d.Series().Services {
				for _, ahead := range d.Options().Horizons {
					y[k] = value(origin, n, ahead)
					k++
				}
			}
		}
	}
}

// tally compares a predictor with the labels of all samples of the part, for
// all services together and for each.
func tally(d *samples.Set, p samples.Part, predict Predictor) (all *Tally, services []*Tally) {
	horizons := d.Options().Horizons
	all = NewTally(horizons)
	for range d.Series().Services {
		services = append(services, NewTally(horizons))
	}
	predicted, actual := make([]float64, d.LabelLen()), make([]float64, d.LabelLen())
	censored := make([]bool, d.LabelLen())
	for i := range d.Samples(p) {
		index := []int{i}
		predict(p, index, predicted)
		d.Labels(p, index, actual)
		d.Censored(p, index, censored)
		all.Add(predicted, actual, censored)
		for n, service := range services {
			from, to := n*len(horizons), (n+1)*len(horizons)
			service.Add(predicted[from:to], actual[from:to], censored[from:to])
		}
	}
	return all, services
}
