package queueing

import (
	"context"
	"fmt"
	"math"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
)

// open checks a window and splits it by service.
func open(ctx context.Context, w *estimator.Window) ([]demand.Service, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("queueing: %w", err)
	}
	if err := w.Validate(); err != nil {
		return nil, fmt.Errorf("queueing: %w", err)
	}
	for _, f := range []estimator.Feature{estimator.Requests, estimator.CPU, estimator.Replicas} {
		if w.Channel(f) < 0 {
			return nil, fmt.Errorf("queueing: window lacks the feature %q, add it to the telemetry queries", f)
		}
	}
	return demand.Services(w), nil
}

// set stores a need. An overflow counts as unknown.
func set(f *estimator.Forecast, n, h int, replicas float64) {
	if !math.IsInf(replicas, 0) {
		f.Set(n, h, replicas)
	}
}

// finish returns f, or an error if it is empty.
func finish(f *estimator.Forecast) (*estimator.Forecast, error) {
	for n := range f.Services {
		if f.Known(n) {
			return f, nil
		}
	}
	return nil, fmt.Errorf("queueing: no service has %d samples of requests, CPU and replicas of which one is at most %d steps old: %w",
		minSamples, maxAge+1, estimator.ErrInsufficientData)
}
