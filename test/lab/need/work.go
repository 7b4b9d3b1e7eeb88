// Package need measures, in hindsight, the replicas that a load yet to come will
// need, found by search on the testbed itself.
package need

import (
	"fmt"
	"slices"

	"github.com/deepscaler/deepscaler/test/testbed/app"
)

// Work is what one request per second of users makes of the services of an
// application under one mix of journeys.
type Work struct {
	// Visits is the calls per second of each service.
	Visits []float64
	// Busy is the replicas of each service that are busy at their limit, idle use of CPU
	// taken off.
	Busy []float64
}

// Expect returns the work under journeys with these weights.
func Expect(a *app.Application, weights []float64) (Work, error) {
	visits, err := a.Visits(weights)
	if err != nil {
		return Work{}, err
	}
	var w Work
	for i := range a.Services {
		s := &a.Services[i]
		free := float64(s.Resources.Limits.CPU - s.Idle.CPU)
		if !(free > 0) {
			return Work{}, fmt.Errorf("service %s uses its whole CPU limit without any call", s.Name)
		}
		w.Visits = append(w.Visits, visits.Services[i]/visits.Requests)
		w.Busy = append(w.Busy, visits.CPU[i]/visits.Requests/free)
	}
	return w, nil
}

// Base returns the users' requests per second at which the busiest service needs five replicas
// at 60 % of their limit. All autoscalers have something to do with such a load.
func Base(a *app.Application) (float64, error) {
	const replicas, utilisation = 5, 0.6
	weights, err := a.Users.Mix(app.DefaultMix)
	if err != nil {
		return 0, err
	}
	w, err := Expect(a, weights)
	if err != nil {
		return 0, err
	}
	return replicas * utilisation / slices.Max(w.Busy), nil
}

// scale returns the work of a rate of requests.
func scale(values []float64, rps float64) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = v * rps
	}
	return out
}
