package season

import (
	"math/bits"
	"slices"

	"gonum.org/v1/gonum/dsp/fourier"
)

// Period returns the lag, up to half of their number, at which values of mean 0 are
// most like themselves. It is 1 when there is no such lag.
//
// Lags before the autocorrelation first falls to 0 do not count, since every smooth
// series resembles itself there. Of lags that do almost as well, such as the
// multiples of the period, the first is taken.
func Period(values []float64) int { return bestLag(autocorrelation(values)) }

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
