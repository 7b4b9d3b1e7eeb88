package season

import (
	"math"
	"slices"

	"github.com/deepscaler/deepscaler/estimator/demand"
)

const (
	// halfLife is the number of cycles after which a cycle counts half.
	halfLife = 4
	// outlying is how many times the mean distance from the median a value may be away
	// from it; beyond, it counts as that far. One outage is not a season.
	outlying = 3
	// near is the share of the highest lower bound from which another one shows the same.
	near = 0.8
	// hidden is a peak of which requests were turned away in every cycle, as a multiple of the
	// most that any of them shows. What is too much costs pods in one more cycle, which then
	// shows the peak; what is too little violates the SLO and shows nothing.
	hidden = 1.5
)

// profiles returns the expected rate of each bin over all cycles of a load, and the same
// without each of the cycles. What no cycle shows is like the bin before.
func profiles(l Load, period, width int) (all []float64, without [][]float64) {
	cycles := gather(l, period, width)
	all = make([]float64, len(cycles[0]))
	without = make([][]float64, len(cycles))
	for c := range without {
		without[c] = make([]float64, len(all))
	}
	for b := range all {
		values := make([]sample, len(cycles))
		for c, cycle := range cycles {
			values[c] = cycle[b]
		}
		all[b] = expected(values)
		for c, v := range values {
			without[c][b] = all[b]
			if !math.IsNaN(v.Value) {
				values[c].Value = math.NaN()
				without[c][b] = expected(values)
				values[c] = v
			}
		}
	}
	fill(all)
	for _, profile := range without {
		fill(profile)
	}
	return all, without
}

// sample is the rate of a bin in one cycle, NaN where missing.
type sample struct {
	demand.Weighted
	shown demand.Shown
}

// gather takes the mean of each bin of each cycle: a lower bound where a step of it is one.
func gather(l Load, period, width int) [][]sample {
	var cycles [][]sample
	steps := len(l.Rates)
	count := (steps + period - 1) / period
	for from := 0; from < steps; from += period {
		cycle := make([]sample, 0, (period+width-1)/width)
		for at := from; at < from+period; at += width {
			bin := l.slice(min(at, steps), min(at+width, from+period, steps))
			var s sample
			if len(bin.Shown) > 0 {
				s.shown = slices.Max(bin.Shown)
			}
			s.Value, s.Weight = demand.Mean(bin.Rates), math.Exp2(float64(len(cycles)-count)/halfLife)
			cycle = append(cycle, s)
		}
		cycles = append(cycles, cycle)
	}
	return cycles
}

// expected returns the robust mean of samples, NaN without any. Lower bounds count where they
// are above what the others show. If all are bounds, those near the highest show the peak,
// unless every cycle turned requests away: then none has, and it is taken to be higher.
func expected(samples []sample) float64 {
	var known []demand.Weighted
	highest, least := math.Inf(-1), demand.Less
	for _, s := range samples {
		if math.IsNaN(s.Value) {
			continue
		}
		least = min(least, s.shown)
		if s.shown == demand.Whole {
			known = append(known, s.Weighted)
		} else {
			highest = max(highest, s.Value)
		}
	}
	from := near * highest
	if len(known) > 0 {
		from = robustMean(known)
	} else if least == demand.Less && highest >= 0 {
		return hidden * highest
	}
	for _, s := range samples {
		if s.shown > demand.Whole && s.Value >= from {
			known = append(known, s.Weighted)
		}
	}
	return robustMean(known)
}

// robustMean returns the mean of values, of which outliers count no further than
// [outlying] allows; NaN without any.
func robustMean(values []demand.Weighted) float64 {
	median := demand.WeightedMedian(slices.Clone(values))
	distance, sum, weight := 0.0, 0.0, 0.0
	for _, v := range values {
		distance += v.Weight * math.Abs(v.Value-median)
		weight += v.Weight
	}
	most := outlying * distance / weight
	for _, v := range values {
		sum += v.Weight * max(median-most, min(median+most, v.Value))
	}
	return sum / weight
}

// fill replaces NaN by the value before it, around the end of the period; all by 0 when
// there is none.
func fill(profile []float64) {
	last := 0.0
	for range 2 {
		for b, v := range profile {
			if math.IsNaN(v) {
				profile[b] = last
			}
			last = profile[b]
		}
	}
}

// smoothed returns the moving average with weights that fall linearly to either side.
func smoothed(profile []float64, width int) []float64 {
	if width == 0 {
		return profile
	}
	out := make([]float64, len(profile))
	total := float64((width + 1) * (width + 1))
	for b := range out {
		for d := -width; d <= width; d++ {
			out[b] += float64(width+1-max(d, -d)) / total * profile[wrap(b+d, len(profile))]
		}
	}
	return out
}
