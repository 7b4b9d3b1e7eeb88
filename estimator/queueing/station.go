package queueing

import (
	"fmt"
	"math"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
)

const (
	// maxAge is how many of the newest columns may lack a service before what
	// is known about it counts as stale. One is tolerated because scrapes and
	// steps are not aligned.
	maxAge = 1
	// minSamples is how many samples a service needs: the first one after a
	// start covers only a part of its step and reads too low.
	minSamples = 2
)

// station is the telemetry of one service.
type station struct {
	demand.Service
	// arriving is the newest column with a request rate, sized the newest that
	// has CPU and replicas as well; -1 where it is missing or stale.
	arriving, sized int
}

// readStations splits a window by service. A negative sample cannot be a
// measurement and counts as missing.
func readStations(w *estimator.Window) ([]station, error) {
	features := []estimator.Feature{estimator.Requests, estimator.CPU, estimator.Replicas, estimator.Latency}
	channels := make([]int, len(features))
	for i, f := range features {
		channels[i] = w.Channel(f)
		if channels[i] < 0 && f != estimator.Latency {
			return nil, fmt.Errorf("window lacks the feature %q, add it to the telemetry queries", f)
		}
	}
	n, steps := len(w.Services), w.Steps
	values := make([]float64, len(features)*n*steps)
	out := make([]station, n)
	for i := range out {
		var series [4][]float64
		for f, c := range channels {
			series[f], values = values[:steps:steps], values[steps:]
			for t := range series[f] {
				v := math.NaN()
				if c >= 0 {
					v = w.At(i, t, c)
				}
				if v < 0 {
					v = math.NaN()
				}
				series[f][t] = v
			}
		}
		out[i].Service = demand.Service{Requests: series[0], CPU: series[1], Replicas: series[2], Latency: series[3], Step: w.Step.Seconds()}
		out[i].arriving = newest(steps, func(t int) bool { return known(out[i].Requests[t]) })
		out[i].sized = newest(steps, out[i].complete)
	}
	return out, nil
}

// complete reports whether step t tells the load and the size of the service.
func (s *station) complete(t int) bool {
	return known(s.Requests[t]) && known(s.CPU[t]) && known(s.Replicas[t])
}

// newest returns the last of the steps that hold, or -1 when that is stale or
// too few hold.
func newest(steps int, holds func(t int) bool) int {
	last, count := -1, 0
	for t := range steps {
		if holds(t) {
			last = t
			count++
		}
	}
	if count < minSamples || last < steps-1-maxAge {
		return -1
	}
	return last
}

func known(v float64) bool { return !math.IsNaN(v) }
