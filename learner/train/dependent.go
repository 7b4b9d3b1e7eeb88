package train

import (
	"math"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
	"github.com/deepscaler/deepscaler/learner/em"
)

// dependent returns the pairs of services whose requests depend on each other in a
// history; nil if it has no requests or no latency.
func dependent(history *estimator.Window) []float32 {
	load, wait := history.Channel(estimator.Requests), history.Channel(estimator.Latency)
	if load < 0 || wait < 0 {
		return nil
	}
	requests, latency := make([][]float64, len(history.Services)), make([]float64, len(history.Services))
	for n := range requests {
		var waits []float64
		for step := range history.Steps {
			requests[n] = append(requests[n], history.At(n, step, load))
			if v := history.At(n, step, wait); !math.IsNaN(v) {
				waits = append(waits, v)
			}
		}
		latency[n] = demand.Quantile(waits, 0.5)
	}
	return em.Dependent(requests, latency)
}
