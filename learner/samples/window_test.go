package samples

import (
	"math"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/learner/internal/fakehistory"
)

var nan = math.NaN()

// single returns a history of minutes of one service, a, and one feature, x.
func single(values ...float64) *estimator.Window {
	return fakehistory.Since(time.Unix(0, 0).UTC(), time.Minute, fakehistory.Named("a"), []estimator.Feature{"x"}, values...)
}

// blank returns a history in which everything is missing.
func blank(steps int, step time.Duration, services []estimator.Service, features ...estimator.Feature) *estimator.Window {
	return estimator.NewWindow(services, features, steps, step, time.Unix(0, 0).UTC().Add(time.Duration(steps-1)*step))
}
