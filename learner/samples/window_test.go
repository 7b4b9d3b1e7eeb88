package samples

import (
	"fmt"
	"math"
	"math/rand/v2"
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

// single returns a history of minutes of one service, a, and one feature, x.
func single(values ...float64) *estimator.Window {
	return since(time.Unix(0, 0).UTC(), time.Minute, named("a"), []estimator.Feature{"x"}, values...)
}

// blank returns a history in which everything is missing.
func blank(steps int, step time.Duration, services []estimator.Service, features ...estimator.Feature) *estimator.Window {
	return estimator.NewWindow(services, features, steps, step, time.Unix(0, 0).UTC().Add(time.Duration(steps-1)*step))
}

// randomSeries has about one value in ten missing.
func randomSeries(r *rand.Rand, steps, services, features int) *estimator.Window {
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
			values[i] = nan
		}
	}
	return since(time.Unix(1767225600, 250e6).UTC(), 30*time.Second, named(names...), channels, values...)
}
