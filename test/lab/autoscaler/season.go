package autoscaler

import (
	"errors"
	"math"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/season"
	"github.com/deepscaler/deepscaler/test/lab/loop"
)

// newSeasonal is HAB with the season that the load of other days shows.
func newSeasonal(utilisation float64, s Surroundings) (loop.Autoscaler, error) {
	history, err := past(s)
	if err != nil {
		return nil, err
	}
	q := queueingConfig(s.Config, utilisation)
	found, err := season.Fit(history, nil, int(math.Ceil(float64(q.LeadTime)/float64(s.Config.Step))))
	if err != nil {
		return nil, err
	}
	if found != nil {
		q.Season = found.Season
	}
	return newUntrained(q, s.Config)
}

// past returns the requests of all services under the load of other days, as telemetry has
// them, at the times at which they would recur.
func past(s Surroundings) (*estimator.Window, error) {
	c := s.Config
	if c.Past == nil {
		return nil, errors.New("it learns from a load of other days, and there is none: a file must last twice as long as the run, or longer")
	}
	services := make([]estimator.Service, len(c.Application.Services))
	for i, name := range c.Application.ServiceNames() {
		services[i] = estimator.Service{Namespace: loop.Namespace, Name: name}
	}
	step, rate := int(c.Step.Seconds()), int(c.RateWindow.Seconds())
	steps := len(c.Past.Profile) / step
	end := loop.Epoch().Add(c.Past.From - c.Load.From + time.Duration(steps)*c.Step)
	w := estimator.NewWindow(services, []estimator.Feature{estimator.Requests}, steps, c.Step, end)
	for t := range steps {
		to := (t + 1) * step
		from := max(0, to-rate)
		sum := 0.0
		for _, v := range c.Past.Profile[from:to] {
			sum += v
		}
		for i, visits := range s.Future.Visits() {
			w.Set(i, t, 0, sum/float64(to-from)*visits)
		}
	}
	return w, nil
}
