package trust

import (
	"math"

	"github.com/deepscaler/deepscaler/estimator"
)

const (
	// rareEntry is the share of all requests from outside below which an entry does
	// not count.
	rareEntry = 0.05
	// tolerated is the share of violated steps that counts for nothing.
	tolerated = 0.05
)

// violations returns the share of the newest steps in which a request that entered the
// application took longer than the SLO, in the mean over its entries; NaN if unknown.
func (c Config) violations(w *estimator.Window, newest int) float64 {
	bound, requests, latency := c.SLO.Mean(), w.Channel(estimator.Requests), w.Channel(estimator.Latency)
	if math.IsInf(bound, 1) || w.Calls == nil || requests < 0 || latency < 0 {
		return math.NaN()
	}
	entering := make([]float64, len(w.Services))
	total := 0.0
	for _, call := range w.Calls.Calls {
		if call.Source == estimator.Outside {
			entering[call.Destination] += call.Rate
			total += call.Rate
		}
	}
	known, violated := 0, 0
	for t := max(0, w.Steps-newest); t < w.Steps; t++ {
		var weight, sum float64
		for n, rate := range entering {
			q, l := w.At(n, t, requests), w.At(n, t, latency)
			if rate < rareEntry*total || !(q > 0) || math.IsNaN(l) {
				continue
			}
			weight += q
			sum += q * l
		}
		if weight > 0 {
			known++
			if sum/weight > bound {
				violated++
			}
		}
	}
	if known == 0 {
		return math.NaN()
	}
	return float64(violated) / float64(known)
}
