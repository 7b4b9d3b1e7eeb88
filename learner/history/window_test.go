package history

import (
	"math"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

var nan = math.NaN()

// named returns the services that the texts stand for.
func named(texts ...string) []estimator.Service {
	services, err := estimator.ParseServices(texts)
	if err != nil {
		panic(err)
	}
	return services
}

// since returns a history with the given values, which begins at start.
func since(start time.Time, step time.Duration, services []estimator.Service, features []estimator.Feature, values ...float64) *estimator.Window {
	steps := len(values) / len(services) / len(features)
	w := estimator.NewWindow(services, features, steps, step, start.Add(time.Duration(steps-1)*step))
	w.Values = values
	return w
}
