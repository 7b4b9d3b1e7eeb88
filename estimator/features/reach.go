package features

import (
	"fmt"
	"math"

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

// Add returns the part of an output that counts where the anchor is an analytic forecast,
// which stays the least that is served: a load that is wrongly expected to fall costs
// violations, while pods are held for minutes anyway after it has fallen.
func Add(output float64) float64 { return max(0, output) }

// least is the width of a range, as a share of its larger end, that counts at least.
const least = 0.1

// Fade returns the share of a learned correction that is left beyond the reach: all
// inside, none from half a width outside.
func Fade(beyond float64) float64 { return max(0, 1-2*beyond) }
