package autoscaler

import (
	"errors"
	"math"
	"time"

	"gonum.org/v1/gonum/mat"

	"github.com/deepscaler/deepscaler/test/lab/workload"
)

// forecaster forecasts traffic from its last values and the time within its period: a
// ridge regression for each of the coming steps.
type forecaster struct {
	step    time.Duration
	period  time.Duration // 0 without
	weights *mat.Dense    // feature × step
}

const (
	lags      = 12
	harmonics = 6
	penalty   = 1e-3 // on weights, per sample
)

// newForecaster learns from the traffic of other days.
func newForecaster(past *workload.Load, step time.Duration, ahead int) (*forecaster, error) {
	f := &forecaster{step: step, period: past.Period}
	seconds := int(step.Seconds())
	series := make([]float64, len(past.Profile)/seconds)
	mean := past.Mean()
	for t := range series {
		for _, v := range past.Profile[t*seconds : (t+1)*seconds] {
			series[t] += v / float64(seconds) / mean
		}
	}
	samples := len(series) - lags - ahead + 1
	if samples < 100 {
		return nil, errors.New("the load of other days is too short to learn from")
	}
	x := mat.NewDense(samples, f.features(), nil)
	y := mat.NewDense(samples, ahead, nil)
	for s := range samples {
		end := past.From + time.Duration(s+lags)*step
		x.SetRow(s, f.row(series[s:s+lags], end))
		y.SetRow(s, series[s+lags:s+lags+ahead])
	}
	var gram, moments mat.Dense
	gram.Mul(x.T(), x)
	moments.Mul(x.T(), y)
	for i := range f.features() {
		gram.Set(i, i, gram.At(i, i)+penalty*float64(samples))
	}
	f.weights = new(mat.Dense)
	if err := f.weights.Solve(&gram, &moments); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *forecaster) features() int {
	if f.period == 0 {
		return lags + 1
	}
	return lags + 1 + 4*harmonics
}

// row returns the values, a constant, the time within the period and its products with
// the last value.
func (f *forecaster) row(values []float64, end time.Duration) []float64 {
	x := append(make([]float64, 0, f.features()), values...)
	x = append(x, 1)
	if f.period == 0 {
		return x
	}
	last := values[len(values)-1]
	phase := 2 * math.Pi * float64(end%f.period) / float64(f.period)
	for k := 1; k <= harmonics; k++ {
		sin, cos := math.Sincos(float64(k) * phase)
		x = append(x, sin, cos, last*sin, last*cos)
	}
	return x
}

// peak returns the most that is expected within the steps ahead after a time, as a
// share of the mean in the past; NaN when values are missing.
func (f *forecaster) peak(values []float64, now time.Duration) float64 {
	if len(values) < lags {
		return math.NaN()
	}
	x := mat.NewVecDense(f.features(), f.row(values[len(values)-lags:], now))
	var y mat.VecDense
	y.MulVec(f.weights.T(), x)
	peak := 0.0
	for i := range y.Len() {
		peak = max(peak, y.AtVec(i))
	}
	return peak
}
