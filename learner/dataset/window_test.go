package dataset

import (
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

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

// single returns a history of minutes of one service, a, and one feature, x.
func single(values ...float64) *estimator.Window {
	return since(time.Unix(0, 0).UTC(), time.Minute, named("a"), []estimator.Feature{"x"}, values...)
}

// blank returns a history in which everything is missing.
func blank(steps int, step time.Duration, services []estimator.Service, features ...estimator.Feature) *estimator.Window {
	return estimator.NewWindow(services, features, steps, step, time.Unix(0, 0).UTC().Add(time.Duration(steps-1)*step))
}
