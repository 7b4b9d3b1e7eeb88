package queueing

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
)

// Held returns the replicas that services keep after a fall of the load, in the order of w.
// For each it is the largest forecast of its newest steps, as an autoscaler with a
// stabilisation window of as many would have it: the next rise meets pods that still run.
//
// A fall that a believed season expects needs none of that, since the season announces the
// next rise as well. So the part of the load that it vouches for is not held, unless a
// service was saturated within the lead time: then the telemetry hides the load.
//
// The result is NaN for a service with 0 steps, or without a forecast now. It depends on
// the window alone. Steps before which the window is shorter than [Analytic.Window] are
// forecast from what there is.
func (a *Analytic) Held(ctx context.Context, w *estimator.Window, steps []int) ([]float64, error) {
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
	var now []float64
	for back := range most {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		to := w.Steps - back
		from := max(0, to-a.window)
		if to-from < minSamples {
			break
		}
		forecast, _, err := a.at(w, services, estimator.Range{From: from, To: to})
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
	if errors.Is(err, estimator.ErrInsufficientData) {
		return nil, nil
	}
	return o.vouched, err
}
