package queueing

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
)

// Keeper remembers what was forecast for an application, so that its services keep their
// replicas for a while after the load fell. The zero value is ready for use, by several
// goroutines.
type Keeper struct {
	mu       sync.Mutex
	services []estimator.Service
	past     map[int64][]float64 // by the end of their window in Unix nanoseconds
}

// Held returns the replicas that services keep at the end of w, in its order. For each it is
// the largest forecast of a at its newest steps, as an autoscaler with a stabilisation window
// of as many would have it: the next rise meets pods that still run.
//
// A fall that a believed season expects needs none of that, since the season announces the
// next rise as well. So the part of the load that it vouches for is not held, unless a
// service was saturated within the lead time: then the telemetry hides the load.
//
// The result is NaN for a service with 0 steps, or without a forecast now. What is not
// remembered, as after a restart, is forecast again from the steps of w before it, however
// few there are.
func (k *Keeper) Held(ctx context.Context, a *Analytic, w *estimator.Window, steps []int) ([]float64, error) {
	held := make([]float64, len(w.Services))
	most := 0
	for n := range held {
		held[n] = math.NaN()
		most = max(most, steps[n])
	}
	if most == 0 {
		return held, nil
	}
	services, err := open(ctx, w)
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.forget(w, most)
	var now []float64
	for back := range min(most, w.Steps-minSamples+1) {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		forecast, err := k.forecast(a, w, services, w.Steps-back)
		if err != nil {
			return nil, err
		}
		if back == 0 {
			now = forecast
		}
		for n, v := range forecast {
			if back < steps[n] && known(now[n]) && known(v) && !(held[n] >= v) {
				held[n] = v
			}
		}
	}
	vouched, err := a.vouched(w, services)
	if err != nil {
		return nil, err
	}
	for n, share := range vouched {
		held[n] -= share * (held[n] - now[n])
	}
	return held, nil
}

// forget drops what is older than so many steps, and all of it when the services changed.
func (k *Keeper) forget(w *estimator.Window, steps int) {
	if k.past == nil || !slices.Equal(k.services, w.Services) {
		k.services, k.past = slices.Clone(w.Services), make(map[int64][]float64, steps)
	}
	oldest := w.End.Add(-time.Duration(steps) * w.Step).UnixNano()
	maps.DeleteFunc(k.past, func(end int64, _ []float64) bool { return end < oldest })
}

// forecast returns the one from the first steps of w.
func (k *Keeper) forecast(a *Analytic, w *estimator.Window, services []demand.Service, steps int) ([]float64, error) {
	end := w.Time(steps - 1).UnixNano()
	if forecast, ok := k.past[end]; ok {
		return forecast, nil
	}
	forecast, _, err := a.at(w, services, estimator.Range{From: max(0, steps-a.window), To: steps})
	if err == nil {
		k.past[end] = forecast
	}
	return forecast, err
}

// vouched returns the share of the load of each service that a believed season expects.
func (a *Analytic) vouched(w *estimator.Window, services []demand.Service) ([]float64, error) {
	if a.hab.config.Season == nil {
		return nil, nil
	}
	r := estimator.Range{From: max(0, w.Steps-a.window), To: w.Steps}
	seen := stations(services, r)
	lead := a.hab.config.horizon(w.Step)
	for i := range seen {
		if slices.ContainsFunc(seen[i].CPU[max(0, len(seen[i].CPU)-lead):], demand.Saturated) {
			return nil, nil
		}
	}
	o, err := a.hab.outlook(w.Slice(r), seen)
	switch {
	case errors.Is(err, estimator.ErrInsufficientData):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return o.vouched(), nil
}

// vouched returns the share of the load of each service that comes from outside as a season
// expects it, given its trust in the rates from outside, these, and the least of all rates.
func (net *network) vouched(trust, outside, floor []float64) []float64 {
	believed := make([]float64, len(outside))
	for i, rate := range outside {
		believed[i] = trust[i] * rate
	}
	shares := make([]float64, len(outside))
	expected := net.Downstream(believed, nil)
	for i, rate := range net.Downstream(outside, floor) {
		if v := expected[i] / rate; v > 0 {
			shares[i] = min(1, v)
		}
	}
	return shares
}
