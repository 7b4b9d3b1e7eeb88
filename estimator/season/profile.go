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
)

// profiles returns the robust mean of each bin over all cycles of a series, and the same
// without each of the cycles. What no cycle shows is like the bin before.
func profiles(rates []float64, period, width int) (all []float64, without [][]float64) {
	cycles := gather(rates, period, width)
	all = make([]float64, len(cycles[0]))
	without = make([][]float64, len(cycles))
	for c := range without {
		without[c] = make([]float64, len(all))
	}
	values := make([]demand.Weighted, 0, len(cycles))
	for b := range all {
		values = values[:0]
		for c, cycle := range cycles {
			if v := cycle[b]; !math.IsNaN(v) {
				values = append(values, demand.Weighted{Value: v, Weight: math.Exp2(float64(c-len(cycles)) / halfLife)})
			}
		}
		median, most := center(values)
		sum, weight := 0.0, 0.0
		for _, v := range values {
			sum += v.Weight * near(v.Value, median, most)
			weight += v.Weight
		}
		all[b] = sum / weight
		for c := range without {
			without[c][b] = all[b]
			if v := cycles[c][b]; !math.IsNaN(v) {
				w := math.Exp2(float64(c-len(cycles)) / halfLife)
				without[c][b] = math.NaN()
				if rest := weight - w; len(values) > 1 {
					without[c][b] = max(0, (sum-w*near(v, median, most))/rest)
				}
			}
		}
	}
	fill(all)
	for _, profile := range without {
		fill(profile)
	}
	return all, without
}

// gather takes the mean of each bin of each cycle, NaN where all is missing.
func gather(rates []float64, period, width int) [][]float64 {
	var cycles [][]float64
	for from := 0; from < len(rates); from += period {
		cycle := make([]float64, 0, (period+width-1)/width)
		for at := from; at < from+period; at += width {
			begin, end := min(at, len(rates)), min(at+width, from+period, len(rates))
			cycle = append(cycle, mean(rates[begin:end]))
		}
		cycles = append(cycles, cycle)
	}
	return cycles
}

// center returns the median of values, and the distance from it up to which they
// count unchanged.
func center(values []demand.Weighted) (median, most float64) {
	median = demand.WeightedMedian(slices.Clone(values))
	distance, weight := 0.0, 0.0
	for _, v := range values {
		distance += v.Weight * math.Abs(v.Value-median)
		weight += v.Weight
	}
	return median, outlying * distance / weight
}

func near(v, median, most float64) float64 { return max(median-most, min(median+most, v)) }

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
