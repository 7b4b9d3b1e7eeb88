package evaluate

import (
	"math"
	"math/bits"
	"slices"
	"time"

	"gonum.org/v1/gonum/dsp/fourier"

	"github.com/deepscaler/deepscaler/learner/samples"
)

const day = 24 * time.Hour

// Season returns the period of the labels in steps, found on the training part.
// It is one day if that part covers a day. Otherwise it is the lag, up to half
// of the training part, with the highest autocorrelation of the mean of the
// standardised labels of all services. Lags before the autocorrelation first
// falls to 0 do not count, because every smooth series resembles itself there.
// Of lags that are almost as good, such as the multiples of the period, the
// first is returned. Without any such lag the season is 1, and a seasonal
// forecast equals persistence.
func Season(d *samples.Set) int {
	train := d.Range(samples.Train).Len()
	if perDay := float64(day) / float64(d.Series().Step); perDay >= 1 && perDay <= float64(train) {
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
	return bestLag(autocorrelation(mean))
}

// autocorrelation returns Σ v[t]·v[t+lag]/(n-lag) for lags up to n/2, by the
// theorem of Wiener and Khinchin.
func autocorrelation(values []float64) []float64 {
	n := len(values)
	padded := make([]float64, 1<<bits.Len(uint(2*n)))
	copy(padded, values)
	fft := fourier.NewFFT(len(padded))
	spectrum := fft.Coefficients(nil, padded)
	for i, c := range spectrum {
		spectrum[i] = complex(real(c)*real(c)+imag(c)*imag(c), 0)
	}
	out := fft.Sequence(nil, spectrum)[:n/2+1]
	for lag := range out {
		out[lag] /= float64(len(padded)) * float64(n-lag)
	}
	return out
}

// almost is the fraction of the best autocorrelation that a shorter lag needs.
const almost = 0.9

// bestLag returns the top of the first hill that is almost as high as the
// highest after the first fall to 0; 1 when there is none.
func bestLag(correlation []float64) int {
	from := slices.IndexFunc(correlation, func(v float64) bool { return v <= 0 })
	if from < 0 {
		return 1
	}
	highest := slices.Max(correlation[from:])
	best := 0
	for lag := from; lag < len(correlation); lag++ {
		v := correlation[lag]
		switch {
		case v <= 0 || v < almost*highest:
			if best > 0 {
				return best
			}
		case best == 0 || v > correlation[best]:
			best = lag
		}
	}
	return max(1, best)
}
