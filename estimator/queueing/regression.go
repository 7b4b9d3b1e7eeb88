package queueing

import (
	"cmp"
	"math"
	"slices"
)

// regression accumulates an ordinary least-squares line v = intercept + slope·u
// (Welford's update, so that a large mean does not cancel the digits).
type regression struct {
	n            float64
	meanU, meanV float64
	uu, uv, vv   float64
}

func (r *regression) add(u, v float64) {
	r.n++
	du, dv := u-r.meanU, v-r.meanV
	r.meanU += du / r.n
	r.meanV += dv / r.n
	r.uu += du * (u - r.meanU)
	r.uv += du * (v - r.meanV)
	r.vv += dv * (v - r.meanV)
}

// slope returns 0 when u never varied.
func (r *regression) slope() float64 {
	if r.uu <= 0 {
		return 0
	}
	return r.uv / r.uu
}

// intercept returns the value at u = 0 and its standard error. It needs three
// samples at least and a u that varied.
func (r *regression) intercept() (value, stderr float64) {
	slope := r.slope()
	residual := max(0, r.vv-slope*r.uv) / (r.n - 2)
	return r.meanV - slope*r.meanU, math.Sqrt(residual * (1/r.n + r.meanU*r.meanU/r.uu))
}

// sample is a value and the weight it counts with.
type sample struct{ value, weight float64 }

// weightedMedian returns the value that half of the weight lies at or below,
// NaN without any weight. It sorts the samples.
func weightedMedian(samples []sample) float64 {
	slices.SortFunc(samples, func(a, b sample) int {
		if c := cmp.Compare(a.value, b.value); c != 0 {
			return c
		}
		return cmp.Compare(a.weight, b.weight)
	})
	total := 0.0
	for _, s := range samples {
		total += s.weight
	}
	below := 0.0
	for _, s := range samples {
		below += s.weight
		if s.weight > 0 && below >= total/2 {
			return s.value
		}
	}
	return math.NaN()
}
