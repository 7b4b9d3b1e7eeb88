package demand

import "math"

// Curve is the latency of a service over its utilisation, L(u) = L₀·(1 + c·u/(1−u)).
// c = 1 is processor sharing; more replicas behind one queue, or time spent off the
// CPU, make it smaller.
type Curve struct {
	// Unloaded is L₀ in seconds; NaN when no latency is known.
	Unloaded float64
	// Growth is c.
	Growth float64
}

const (
	// curveSamples is the number of steps needed to separate the growth of
	// latency from noise. With fewer, the growth is that of processor sharing.
	curveSamples = 24
	// minSpread is the smallest width of the middle four fifths of u/(1−u) at
	// which its effect on latency stands out of the noise.
	minSpread = 0.1
	// leastUnloaded bounds L₀ from below, as a fraction of the median latency.
	leastUnloaded = 0.02
	// undisturbed is the quantile that selects the unloaded latency among those
	// of few steps. Every disturbance, such as a slow callee or a queue, makes
	// latency larger.
	undisturbed = 0.25

	// blowUp is the multiple of the latency at the edge of saturation that the
	// curve cannot explain, and farAbove the multiple of the unloaded latency.
	blowUp, farAbove = 2, 5
)

// FitCurve fits the curve to the given steps of a service. own is its latency
// without that of its callees. Steps without cpu or own latency, and saturated
// steps, are skipped.
func (s *Service) FitCurve(own []float64, steps []int) Curve {
	var xs, ys [onStack]float64
	x, y := room(xs[:], len(steps)), room(ys[:], len(steps))
	for _, t := range steps {
		if u := s.CPU[t]; u < SaturatedFrom && own[t] >= 0 {
			x = append(x, u/(1-u))
			y = append(y, own[t])
		}
	}
	if len(x) >= curveSamples {
		if spread(x) {
			return fitGrowth(x, y)
		}
	}
	for i := range y {
		y[i] /= 1 + x[i]
	}
	return Curve{Unloaded: Quantile(y, undisturbed), Growth: 1}
}

// spread reports whether the middle four fifths of the values are at least minSpread
// wide. Most are far wider or narrower, which takes only counts around the mean to see.
func spread(values []float64) bool {
	mean := 0.0
	for _, v := range values {
		mean += v
	}
	mean /= float64(len(values))
	const enough = 0.51 * minSpread                          // to each side, safe from rounding
	outside := len(values) - int(0.9*float64(len(values)-1)) // and more than a tenth
	below, above := 0, 0
	for _, v := range values {
		below += one(v <= mean-enough)
		above += one(v >= mean+enough)
	}
	if below >= outside && above >= outside {
		return true
	}
	var buffer [onStack]float64
	values = append(room(buffer[:], len(values)), values...)
	return Quantile(values, 0.9)-Quantile(values, 0.1) >= minSpread
}

func fitGrowth(x, y []float64) Curve {
	var buffer [onStack]float64
	middle := Quantile(append(room(buffer[:], len(y)), y...), 0.5)
	intercept, slope := fitRelative(x, y, middle)
	if slope <= 0 {
		return Curve{Unloaded: middle}
	}
	unloaded := max(intercept, leastUnloaded*middle)
	return Curve{Unloaded: unloaded, Growth: slope / unloaded}
}

// Latency returns the latency at a utilisation below 1, in seconds.
func (c Curve) Latency(utilisation float64) float64 {
	return c.Unloaded * (1 + c.Growth*utilisation/(1-utilisation))
}

// Utilisation returns the highest utilisation at which the latency is at most the
// given multiple of the unloaded one: from 0 to 1; 1 means any utilisation.
func (c Curve) Utilisation(stretch float64) float64 {
	switch {
	case stretch <= 1:
		return 0
	case c.Growth == 0 || math.IsInf(stretch, 1):
		return 1
	}
	x := (stretch - 1) / c.Growth
	return x / (1 + x)
}

// Explains reports whether a latency may come from utilisation alone; without a
// curve it is true. A latency far above the edge of saturation comes from a
// queue.
func (c Curve) Explains(latency float64) bool {
	return !(c.Unloaded > 0 && latency > max(blowUp*c.Latency(SaturatedFrom), farAbove*c.Unloaded))
}
