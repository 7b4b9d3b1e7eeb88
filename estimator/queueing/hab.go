package queueing

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/deepscaler/deepscaler/estimator"
)

// HAB scales all services of an application together by a balanced queueing
// network over its invocation graph ([35] of paper §V-B). For every step of the
// horizon:
//
//  1. the rates at which requests enter the application are forecast, and
//     carried to every service by the visit ratios of the graph (the traffic
//     equations λ = γ + Pᵀλ of an open Jackson network). A service behind the entry
//     therefore moves with it, before its own telemetry has;
//  2. no rate is left below what the service's own telemetry proves: its own
//     forecast less two standard deviations, which catches a change in the mix
//     of requests, and the demand hidden by saturation. Both are carried on to
//     the callees as well, so that relieving a bottleneck does not create the
//     next one (paper §II-C, Fig. 3). While the load of the application is calm,
//     rates that vary by chance are averaged;
//  3. the rate times the CPU demand per request, at the utilisation that keeps
//     the service's share of the SLO, is the number of replicas.
//
// A service that waits for a saturated callee is slow but not busy. It gets the
// replicas for its own CPU demand at the rate that will arrive, and no more. As
// long as a service on its paths is saturated, it is not scaled in.
type HAB struct {
	config Config
}

var _ estimator.Estimator = (*HAB)(nil)

// NewHAB returns a holistic estimator, or an error if c is invalid.
func NewHAB(c Config) (*HAB, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("queueing: %w", err)
	}
	return &HAB{config: c}, nil
}

// Estimate implements [estimator.Estimator]. The row of a service is NaN when
// its requests, CPU or replicas are missing or stale, or when it lies on or
// behind a cycle of calls that feeds itself. A window without an invocation
// graph, or without any service to estimate, is an error that wraps
// [estimator.ErrInsufficientData]; one without the features for requests, CPU
// and replicas is an error that does not.
func (e *HAB) Estimate(ctx context.Context, w *estimator.Window) (*estimator.Forecast, error) {
	services, err := open(ctx, w)
	if err != nil {
		return nil, err
	}
	o, err := e.outlook(w, stations(services, estimator.Range{To: w.Steps}))
	return o.forecast, err
}

// outlook is the result of an estimate.
type outlook struct {
	forecast *estimator.Forecast
	// firm is the same without what a rise that has begun may become.
	firm *estimator.Forecast
	// present is the need of every service at the last step of the window.
	present []float64
	growth  Growth
	// vouched is the share of the load of every service that a believed season expects.
	vouched []float64
}

// outlook makes the estimate.
func (e *HAB) outlook(w *estimator.Window, stations []station) (outlook, error) {
	if w.Calls == nil {
		return outlook{}, fmt.Errorf("queueing: the invocation graph is not known: %w", estimator.ErrInsufficientData)
	}
	net := newNetwork(stations, w.Calls)
	latencies := net.observeLatencies(stations)
	targets := net.targets(e.config.policy(), stations, latencies)
	horizon := e.config.horizon(w.Step)
	came := net.observeArrivals(stations, horizon, w.Step)
	prospects, vouched := e.config.prospects(w, net, stations, came)
	hidden := net.findHidden(e.config, stations, latencies, came, vouched)

	f := estimator.NewForecast(w.Services, horizon, w.Step)
	firm, ramp := f, came.ramp(horizon)
	if ramp != nil {
		firm = estimator.NewForecast(w.Services, horizon, w.Step)
	}
	base, floor, most := make([]float64, len(stations)), make([]float64, len(stations)), make([]float64, len(stations))
	size := func(f *estimator.Forecast, h int, rates []float64) {
		for i, rate := range rates {
			if s := &stations[i]; s.sized >= 0 {
				n := prospects[i].replicas(rate, s, hidden.rates[i], targets[i])
				if hidden.held[i] {
					n = max(n, s.Replicas[s.sized])
				}
				set(f, i, h, n)
			}
		}
	}
	for h := range horizon {
		for i := range prospects {
			p := &prospects[i]
			base[i] = 0
			if p.outside != nil && known(p.outside[h]) {
				base[i] = p.outside[h]
			}
			floor[i] = max(hidden.rates[i], certain(p.own[h], came.own[i]))
		}
		rates := net.Downstream(base, floor)
		size(firm, h, rates)
		for i, rate := range rates {
			most[i] = max(most[i], rate)
		}
		if ramp == nil {
			continue
		}
		came.climb(base, ramp, h, vouched)
		size(f, h, net.Downstream(base, floor))
	}
	growth, present := newGrowth(len(stations)), make([]float64, len(stations))
	for i := range stations {
		s, p := &stations[i], &prospects[i]
		if p.outside != nil {
			growth.Outside[i] = multiple(slices.Max(p.outside), came.outside[i])
		}
		growth.Received[i] = multiple(most[i], s.Requests)
		present[i] = math.NaN()
		if s.sized >= 0 && s.arriving == w.Steps-1 {
			present[i] = p.replicas(s.Requests[s.arriving], s, hidden.rates[i], targets[i])
		}
	}
	f, err := finish(f)
	return outlook{forecast: f, firm: firm, present: present, growth: growth, vouched: vouched}, err
}
