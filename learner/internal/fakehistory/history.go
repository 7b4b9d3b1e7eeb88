// Package fakehistory makes histories for tests.
package fakehistory

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

// Named returns the services that the texts stand for. It panics if one stands for none.
func Named(texts ...string) []estimator.Service {
	services, err := estimator.ParseServices(texts)
	if err != nil {
		panic(err)
	}
	return services
}

// Since returns a history that begins at start, with values in the order (step, service,
// feature).
func Since(start time.Time, step time.Duration, services []estimator.Service, features []estimator.Feature, values ...float64) *estimator.Window {
	steps := len(values) / len(services) / len(features)
	w := estimator.NewWindow(services, features, steps, step, start.Add(time.Duration(steps-1)*step))
	w.Values = values
	return w
}

// Random returns a history of steps of 30 s with values of all magnitudes, of which about one
// in ten is missing.
func Random(r *rand.Rand, steps, services, features int) *estimator.Window {
	names := make([]string, services)
	for n := range names {
		names[n] = fmt.Sprintf("shop/service-%04d", n)
	}
	channels := make([]estimator.Feature, features)
	for c := range channels {
		channels[c] = estimator.Feature(fmt.Sprintf("feature %d", c))
	}
	values := make([]float64, steps*services*features)
	for i := range values {
		values[i] = r.NormFloat64() * math.Pow(10, float64(r.IntN(30)-15))
		if r.IntN(10) == 0 {
			values[i] = math.NaN()
		}
	}
	return Since(time.Unix(1767225600, 250e6).UTC(), 30*time.Second, Named(names...), channels, values...)
}
