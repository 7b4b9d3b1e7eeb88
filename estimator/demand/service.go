package demand

import (
	"math"

	"github.com/deepscaler/deepscaler/estimator"
)

// Service is the telemetry of one service, one value per step. The units are those
// of the features of package estimator. All slices have the same length; NaN marks
// missing values.
type Service struct {
	Replicas, CPU, Requests, Latency []float64
	// Step is the length of a step in seconds.
	Step float64
}

// Services splits a window by service. A negative sample cannot be a measurement and
// counts as missing, as do the samples of a feature that w lacks.
func Services(w *estimator.Window) []Service {
	features := []estimator.Feature{estimator.Replicas, estimator.CPU, estimator.Requests, estimator.Latency}
	var channels [4]int
	for i, f := range features {
		channels[i] = w.Channel(f)
	}
	values := make([]float64, len(features)*len(w.Services)*w.Steps)
	out := make([]Service, len(w.Services))
	for n := range out {
		var series [4][]float64
		for i, c := range channels {
			series[i], values = values[:w.Steps:w.Steps], values[w.Steps:]
			for t := range series[i] {
				series[i][t] = math.NaN()
				if c >= 0 && w.At(n, t, c) >= 0 {
					series[i][t] = w.At(n, t, c)
				}
			}
		}
		out[n] = Service{Replicas: series[0], CPU: series[1], Requests: series[2], Latency: series[3], Step: w.Step.Seconds()}
	}
	return out
}

// Slice returns the steps in r. It shares memory with s.
func (s *Service) Slice(r estimator.Range) Service {
	return Service{
		Replicas: s.Replicas[r.From:r.To], CPU: s.CPU[r.From:r.To],
		Requests: s.Requests[r.From:r.To], Latency: s.Latency[r.From:r.To], Step: s.Step,
	}
}
