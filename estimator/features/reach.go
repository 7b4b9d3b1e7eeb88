package features

import (
	"fmt"
	"math"
	"slices"

	"github.com/deepscaler/deepscaler/estimator"
)

// Reach is the range of every feature of every service in a training part.
type Reach struct {
	// Low and High are N·C numbers in (service, feature); both 0 without any sample.
	Low, High []float64
}

// FitReach returns the reach of the steps in r.
func FitReach(w *estimator.Window, r estimator.Range) Reach {
	width := len(w.Services) * len(w.Features)
	out := Reach{Low: make([]float64, width), High: make([]float64, width)}
	for i := range width {
		out.Low[i], out.High[i] = math.Inf(1), math.Inf(-1)
	}
	for i, v := range w.Slice(r).Values {
		if i %= width; !math.IsNaN(v) {
			out.Low[i], out.High[i] = min(out.Low[i], v), max(out.High[i], v)
		}
	}
	for i, low := range out.Low {
		if math.IsInf(low, 1) {
			out.Low[i], out.High[i] = 0, 0
		}
	}
	return out
}

// Validate reports ranges that are not those of width features.
func (r Reach) Validate(width int) error {
	if len(r.Low) != width || len(r.High) != width {
		return fmt.Errorf("reach from %d to %d numbers, want %d", len(r.Low), len(r.High), width)
	}
	for i, low := range r.Low {
		if high := r.High[i]; !(low <= high) || math.IsInf(low, 0) || math.IsInf(high, 0) {
			return fmt.Errorf("reach of feature %d is from %v to %v, want finite numbers, the second not less", i, low, high)
		}
	}
	return nil
}

// Beyond returns how far the samples of a step of one service, which begin at feature i,
// are out of reach: the largest distance of one from its range, in widths of that
// range. It is 0 inside, and for missing samples.
func (r Reach) Beyond(i int, step []float64) float64 {
	most := 0.0
	for c, v := range step {
		low, high := r.Low[i+c], r.High[i+c]
		distance := max(low-v, v-high)
		if !(distance > 0) { // NaN too
			continue
		}
		// A feature that never changed has no width of its own.
		width := max(high-low, least*max(math.Abs(low), math.Abs(high)))
		most = max(most, min(distance/width, math.MaxFloat64))
	}
	return most
}

// least is the width of a range, as a share of its larger end, that counts at least.
const least = 0.1

// fade returns the share of an output that is left so far beyond the reach: all inside,
// none from half a width outside.
func fade(beyond float64) float64 { return max(0, 1-2*beyond) }

// open returns the reach without bounds for features that say nothing about whether the load
// is of a known kind. What a season expects has a gate of its own, an analytic forecast
// follows from the other features, and memory drifts without any load.
func (r Reach) open(names []estimator.Feature) Reach {
	out := Reach{Low: slices.Clone(r.Low), High: slices.Clone(r.High)}
	for i := range out.Low {
		if f := names[i%len(names)]; f.SeasonAhead() > 0 || f == estimator.Analytic || f == estimator.Memory {
			out.Low[i], out.High[i] = math.Inf(-1), math.Inf(1)
		}
	}
	return out
}

// kept writes the share of the outputs to keep for each service, given the samples of a
// step: 1 inside of the reach, down to 0 far outside, where a network extrapolates at
// random and the anchor is better. A network mixes what the services show, so each keeps
// at most what all of them do on average.
func (r Reach) kept(shares, step []float64) {
	features, mean := len(step)/len(shares), 0.0
	for n := range shares {
		shares[n] = fade(r.Beyond(n*features, step[n*features:(n+1)*features]))
		mean += shares[n] / float64(len(shares))
	}
	for n, share := range shares {
		shares[n] = min(share, mean)
	}
}
