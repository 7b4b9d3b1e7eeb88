package windows

import "math"

// rate returns the per-second increase of a counter over the window that ends at end,
// as PromQL's rate does: it extrapolates from the first and last sample to the ends
// of the window, at most half an interval beyond a sample, and never below zero.
// The result is NaN with fewer than two samples in (end-window, end]. Counters here
// never restart: a new pod is a new series.
//
// Source: extrapolatedRate in promql/functions.go of Prometheus.
func rate(times, values []float64, end, window float64) float64 {
	start := end - window
	first, last := 0, len(times)-1
	for first < len(times) && times[first] <= start {
		first++
	}
	for last >= 0 && times[last] > end {
		last--
	}
	if last-first < 1 {
		return math.NaN()
	}
	increase := values[last] - values[first]
	sampled := times[last] - times[first]
	interval := sampled / float64(last-first)
	before, after := times[first]-start, end-times[last]
	threshold := 1.1 * interval
	if before >= threshold {
		before = interval / 2
	}
	if increase > 0 {
		before = min(before, sampled*values[first]/increase)
	}
	if after >= threshold {
		after = interval / 2
	}
	return increase * (sampled + before + after) / sampled / window
}
