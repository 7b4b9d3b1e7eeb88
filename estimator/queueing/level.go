package queueing

import (
	"math"
	"time"

	"github.com/deepscaler/deepscaler/estimator/demand"
)

const (
	// fall is the weight of a sample below the level. A sample above it becomes the level
	// at once, because a pod takes the lead time to start while an idle one costs little.
	// The level follows nine tenths of a drop within five steps.
	fall = 0.4
	// smoothing is the weight of a sample that may be chance, and beyond the distance from
	// the level, in standard deviations, from which it is more. Dozens of services are
	// looked at in every step, and replicas for what was chance are held for minutes.
	smoothing, beyond = 0.15, 4
	// tolerated is the chance, as a share of a rate, that the planned utilisation leaves
	// room for. Averaging it would only make the level late.
	tolerated = 0.1
	// distinct is the dispersion from which a stream is no Poisson stream: that of one seems
	// to be up to three in windows of 40 steps, and more where its load swings.
	distinct = 4
)

// variation is how far a rate varies by chance from one step to the next.
type variation struct {
	// dispersion is the variance of a count over its mean, step the length of a step in seconds.
	dispersion, step float64
}

// observeVariation returns the variation of a rate: that of a Poisson stream, unless it is
// certainly dispersed by more than is tolerated.
func observeVariation(rates []float64, step time.Duration) variation {
	poisson, n := variation{1, step.Seconds()}, variation{demand.Dispersion(rates, step), step.Seconds()}
	if mean := demand.Mean(rates); n.dispersion < distinct || n.deviation(mean) <= tolerated*mean {
		return poisson
	}
	return n
}

// deviation returns the standard deviation of a sample of a rate. Of a rate near 0 it is
// that of one request in a step.
func (n variation) deviation(rate float64) float64 {
	return math.Sqrt(n.dispersion * max(rate, 1/n.step) / n.step)
}

// level returns the present mean of a rate, given how far its application's load jumps,
// from 0 to 1: NaN without samples.
//
// The level of a load that jumps follows every rise at once, since replicas that were spare
// meet the next jump. That of a calm load is an average of what may be chance.
func (n variation) level(rates []float64, jumps float64) float64 {
	highest, mean := math.NaN(), math.NaN()
	for _, v := range rates {
		if !known(v) {
			continue
		}
		if !(v < highest) {
			highest = v
		} else {
			highest += fall * (v - highest)
		}
		chance := n.deviation(mean)
		switch away := v - mean; {
		case !known(mean) || away > 0 && !(chance > tolerated*mean && away < beyond*chance):
			mean = v
		case away < 0 && !(chance > tolerated*mean && -away < beyond*chance):
			mean += fall * away
		default:
			mean += smoothing * away
		}
	}
	return mean + jumps*(highest-mean)
}
