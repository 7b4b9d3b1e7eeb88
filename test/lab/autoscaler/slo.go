package autoscaler

import (
	"math"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/test/lab/loop"
)

// slo scales every service by its own response time ([48] of the paper). The SLO is
// decomposed into thresholds in proportion to the unloaded times of services, as from a
// load test. A service above its threshold gets replicas in proportion, at most twice as
// many; one below half of it for five minutes loses one.
type slo struct {
	thresholds []float64 // seconds, without callees
	calm       []int     // steps below half
	wanted     []int
}

const calmSteps = 10

// newSLO returns the rules for so large a share of the SLO.
func newSLO(share float64, s Surroundings) (loop.Autoscaler, error) {
	times, visits := s.Future.Measured().Unloaded(), s.Future.Visits()
	total := 0.0
	for i, t := range times {
		total += visits[i] * t
	}
	bound := s.Config.Application.SLO.Latency.D().Seconds()
	a := &slo{calm: make([]int, len(times))}
	for _, t := range times {
		a.thresholds = append(a.thresholds, share*bound*t/total)
	}
	return a, nil
}

// Tick implements [loop.Autoscaler].
func (a *slo) Tick(c *loop.Cluster) error {
	w := c.Window()
	latency, requests := w.Channel(estimator.Latency), w.Channel(estimator.Requests)
	now := w.Steps - 1
	a.wanted = make([]int, len(a.thresholds))
	for i := range a.wanted {
		row := c.Row(i)
		own := w.At(row, now, latency)
		if w.Calls != nil {
			for _, call := range w.Calls.Calls {
				if call.Source == row && w.At(row, now, requests) > 0 {
					own -= call.Rate / w.At(row, now, requests) * w.At(call.Destination, now, latency)
				}
			}
		}
		n := max(1, c.Ready(i))
		switch {
		case math.IsNaN(own):
		case own > a.thresholds[i]:
			a.calm[i] = 0
			a.wanted[i] = int(math.Ceil(float64(n) * min(2, own/a.thresholds[i])))
		case own < a.thresholds[i]/2:
			a.calm[i]++
			if a.calm[i] >= calmSteps {
				a.calm[i] = 0
				a.wanted[i] = max(1, n-1)
			}
		default:
			a.calm[i] = 0
		}
	}
	return nil
}

// Sync implements [loop.Autoscaler]. It does what the last tick decided once.
func (a *slo) Sync(_ *loop.Cluster, replicas []int) error {
	for i, n := range a.wanted {
		if n > 0 {
			replicas[i] = n
		}
	}
	a.wanted = nil
	return nil
}
