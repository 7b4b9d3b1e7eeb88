package evaluate

import (
	"math"
	"time"

	"github.com/deepscaler/deepscaler/estimator/season"
	"github.com/deepscaler/deepscaler/learner/samples"
)

const day = 24 * time.Hour

// Season returns the period in steps for a seasonal forecast of a part, found on the training
// part. It is one day if that part covers a day, or two where it is itself to be forecast, so
// that half of it has a day before. Else it is the [season.Period] of the mean of the
// standardised labels of all services. Without any such period it is 1, and a seasonal
// forecast equals persistence.
func Season(d *samples.Set, p samples.Part) int {
	train := d.Range(samples.Train).Len()
	before := train
	if p == samples.Train {
		before /= 2
	}
	if perDay := float64(day) / float64(d.Series().Step); perDay >= 1 && perDay <= float64(before) {
		return int(math.Round(perDay))
	}
	n, scaler := len(d.Series().Services), d.LabelScaler()
	mean := make([]float64, train)
	for t := range mean {
		count := 0.0
		for i := range n {
			if v := scaler.Apply(i, 0, d.Label(t, i)); !math.IsNaN(v) {
				mean[t] += v
				count++
			}
		}
		mean[t] /= max(1, count)
	}
	return season.Period(mean)
}
