package queueing

import (
	"slices"

	"github.com/deepscaler/deepscaler/estimator/demand"
)

const (
	// damping is the share of a trend that is left one step later (φ of the
	// damped Holt method), because bursts end.
	damping = 0.9
	// recentDifferences is the number of newest differences whose median is the
	// recent trend. A step in the load is one large difference among small
	// ones, and so not a trend.
	recentDifferences = 3
	// maxGrowth bounds a forecast in multiples of the level.
	maxGrowth = 2
)

// forecast extends a rate by horizon steps: Holt's linear method with a damped
// trend (Gardner & McKenzie 1985), asymmetric towards a rise, from the level of
// [variation.level]. A rising trend is anticipated, a falling one
// never: replicas are removed after the load falls, not before.
//
// Missing samples are skipped. The result is NaN for a series without any
// sample.
func (n variation) forecast(rates []float64, horizon int, jumps float64) []float64 {
	level := n.level(rates, jumps)
	last := len(rates) - 1
	for last >= 0 && !known(rates[last]) {
		last--
	}
	slope := risingTrend(rates)
	out := make([]float64, horizon)
	ahead, weight := 0.0, 1.0
	for range len(rates) - 1 - last {
		weight *= damping
		ahead += weight
	}
	for h := range out {
		weight *= damping
		ahead += weight
		out[h] = min(level+slope*ahead, maxGrowth*level)
	}
	return out
}

// risingTrend returns the rise per step on which the whole window and its
// newest samples agree: the smaller of the least-squares slope and the median
// of the newest differences, 0 unless both are positive. The first alone
// mistakes an old step for a trend, and the second alone mistakes noise for
// one.
func risingTrend(rates []float64) float64 {
	var times, values [enough]float64
	at, v := times[:0], values[:0]
	for t, rate := range rates {
		if known(rate) {
			at, v = append(at, float64(t)), append(v, rate)
		}
	}
	if len(v) <= recentDifferences {
		return 0
	}
	var recent [recentDifferences]float64
	for i := range recent {
		k := len(v) - 1 - i
		recent[i] = (v[k] - v[k-1]) / (at[k] - at[k-1])
	}
	slices.Sort(recent[:])
	newest := recent[recentDifferences/2]
	if newest <= 0 {
		return 0
	}
	return max(0, min(demand.FitLine(at, v).Slope(), newest))
}
