package estimator

import (
	"context"
	"errors"
	"math"
	"time"
)

// ErrInsufficientData is wrapped by an [Estimator] without a forecast for any
// service of the window, for example because the application has just started.
var ErrInsufficientData = errors.New("not enough telemetry yet")

// Estimator jointly estimates the replicas that every service of one
// application will need (P_θ of paper §III-B). Implementations are safe for
// concurrent use, and their result depends only on the window.
type Estimator interface {
	// Estimate returns the forecast for the services of w, in w's order. If it
	// has no forecast for any service, it returns an error.
	Estimate(ctx context.Context, w *Window) (*Forecast, error)
}

// Forecast is the number of replicas that N services will need over H future
// steps. It is Y of paper §III-A, for a horizon of H instead of one.
type Forecast struct {
	// Services are the rows, length N.
	Services []Service
	// Step is the time between two columns; column h is at End+(h+1)·Step, with
	// the End of the estimated window.
	Step time.Duration
	// Horizon is H, the number of columns.
	Horizon int
	// Replicas holds N·H numbers, row-major in (service, step): the fractional
	// replicas needed, 0 or more. NaN marks a service or step without an
	// estimate.
	Replicas []float64
}

// NewForecast returns a forecast in which every value is unknown.
func NewForecast(services []Service, horizon int, step time.Duration) *Forecast {
	f := &Forecast{Services: services, Step: step, Horizon: horizon, Replicas: make([]float64, len(services)*horizon)}
	for i := range f.Replicas {
		f.Replicas[i] = math.NaN()
	}
	return f
}

// At returns the replicas that service n needs at future step h; NaN if unknown.
func (f *Forecast) At(n, h int) float64 { return f.Replicas[n*f.Horizon+h] }

// Highest returns the most replicas that service n needs in the first steps; NaN if unknown,
// or if there is no forecast.
func (f *Forecast) Highest(n, steps int) float64 {
	if f == nil || !f.Known(n) {
		return math.NaN()
	}
	most := 0.0
	for h := range min(steps, f.Horizon) {
		most = max(most, f.At(n, h))
	}
	return most
}

// Set stores the replicas that service n needs at future step h.
func (f *Forecast) Set(n, h int, replicas float64) { f.Replicas[n*f.Horizon+h] = replicas }

// Known reports whether the forecast for service n is known at every step of
// the horizon. A negative or infinite number counts as unknown.
func (f *Forecast) Known(n int) bool {
	for h := range f.Horizon {
		if v := f.At(n, h); !(v >= 0) || math.IsInf(v, 1) {
			return false
		}
	}
	return true
}
