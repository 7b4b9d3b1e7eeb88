package queueing

import (
	"context"
	"fmt"
	"math"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
)

// MMN scales every service by itself as an M/M/n/PS station ([33] of paper
// §V-B): the smallest n at which the mean response time stays within the SLO, as
// if requests went no further than the service. It needs no invocation graph and
// replaces [HAB] without one.
//
// Replicas are whole numbers, within those that run at the highest and lowest
// utilisation of the configuration. Without an SLO the response time may grow to
// that of one replica at the middle of the two.
type MMN struct {
	config Config
}

var _ estimator.Estimator = (*MMN)(nil)

// NewMMN returns a per-service estimator, or an error if c is invalid.
func NewMMN(c Config) (*MMN, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("queueing: %w", err)
	}
	return &MMN{config: c}, nil
}

// Estimate implements [estimator.Estimator]. The row of a service is NaN when
// its requests, CPU or replicas are missing or stale. A window without any
// service to estimate is an error that wraps [estimator.ErrInsufficientData]; one
// without the features for requests, CPU and replicas is an error that does not.
func (e *MMN) Estimate(ctx context.Context, w *estimator.Window) (*estimator.Forecast, error) {
	services, err := open(ctx, w)
	if err != nil {
		return nil, err
	}
	o, err := e.outlook(w, stations(services, estimator.Range{To: w.Steps}))
	return o.forecast, err
}

// outlook is that of [HAB], without a season.
func (e *MMN) outlook(w *estimator.Window, stations []station) (outlook, error) {
	last := w.Steps - 1
	alone := newNetwork(stations, &estimator.CallGraph{})
	l, policy := alone.observeLatencies(stations), e.config.policy()
	horizon := e.config.horizon(w.Step)
	f := estimator.NewForecast(w.Services, horizon, w.Step)
	came := alone.observeArrivals(stations, horizon, w.Step)
	hidden := alone.findHidden(e.config, stations, l, came, make([]float64, len(stations)))
	present := make([]float64, len(stations))
	for i := range stations {
		s := &stations[i]
		present[i] = math.NaN()
		if s.sized < 0 {
			continue
		}
		work := fitWork(s)
		stretch := 1 / (1 - policy.Target(policy.SLO.Stretch(l.curves[i].Unloaded), demand.Curve{Growth: 1}))
		for h, rate := range came.own[i].forecast(s.Requests, horizon, moved(s.Requests, horizon, w.Step)) {
			n := e.replicas(work, max(rate, hidden.rates[i]), stretch)
			if hidden.held[i] {
				n = max(n, s.Replicas[s.sized])
			}
			set(f, i, h, n)
		}
		if s.arriving == last {
			present[i] = e.replicas(work, s.Requests[last], stretch)
		}
	}
	f, err := finish(f)
	return outlook{forecast: f, firm: f, present: present}, err
}

// replicas returns the least number of servers whose mean response time is at
// most stretch times the service time.
func (e *MMN) replicas(w work, rate, stretch float64) float64 {
	least := math.Ceil(w.replicas(rate, e.config.MaxUtilisation, e.config.Headroom))
	most := math.Ceil(w.replicas(rate, e.config.MinUtilisation, e.config.Headroom))
	return servers(rate*w.PerRequest/(1-w.Idle), stretch, least, most)
}
