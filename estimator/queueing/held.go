package queueing

import (
	"context"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
)

// surge bounds the hold by the present forecast. One step in ten of a sequence of the lab is
// followed by a load that is higher than that within the lead time.
const surge = 2.5

// ceased is the multiple of the present forecast from which on a load has not fallen but ceased,
// as where what sends it fails. It returns at once, and whole.
const ceased = 10

// Keeper remembers what was forecast for an application, so that its services keep their
// replicas for a while after the load fell. The zero value is ready for use, by several
// goroutines.
type Keeper struct {
	mu       sync.Mutex
	services []estimator.Service
	past     map[int64]*outcome // by the end of their window in Unix nanoseconds
}

// Held returns the replicas that services keep at the end of w, in its order. For each it is
// the largest forecast of a at its newest steps, as an autoscaler with a stabilisation window
// of as many would have it: the next rise meets pods that still run.
//
// What was forecast more than two lead times ago is held up to [surge] times the forecast of
// now: few loads return at once from further below, and such pods serve until the rest start.
// A load that fell to a tenth is held whole.
//
// A fall that a believed season expects needs none of that, since the season announces the
// next rise as well. So the part of the load that it vouches for is not held, unless requests
// queued up within the lead time: then the telemetry hides the load. Nor is what a rise might have
// become and did not.
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
	var now *outcome
	whole := 2 * a.hab.config.horizon(w.Step)
	for back := range min(most, w.Steps-minSamples+1) {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		then, err := k.at(a, w, services, w.Steps-back)
		if err != nil {
			return nil, err
		}
		if back == 0 {
			now = then
		}
		for n, v := range then.firm {
			if back >= whole && v < ceased*now.highest[n] {
				v = min(v, surge*now.highest[n])
			}
			if back < steps[n] && known(now.highest[n]) && known(v) && !(held[n] >= v) {
				held[n] = v
			}
		}
	}
	if now == nil {
		return held, nil
	}
	for n, share := range now.vouched {
		held[n] -= share * (held[n] - now.highest[n])
	}
	return held, nil
}

// forget drops what is older than so many steps, and all of it when the services changed.
func (k *Keeper) forget(w *estimator.Window, steps int) {
	if k.past == nil || !slices.Equal(k.services, w.Services) {
		k.services, k.past = slices.Clone(w.Services), make(map[int64]*outcome, steps)
	}
	oldest := w.End.Add(-time.Duration(steps) * w.Step).UnixNano()
	maps.DeleteFunc(k.past, func(end int64, _ *outcome) bool { return end < oldest })
}

// at returns what a derives at the end of the first steps of w.
func (k *Keeper) at(a *Analytic, w *estimator.Window, services []demand.Service, steps int) (*outcome, error) {
	end := w.Time(steps - 1).UnixNano()
	if o, ok := k.past[end]; ok {
		return o, nil
	}
	o, err := a.at(w, services, estimator.Range{From: max(0, steps-a.window), To: steps})
	if err == nil {
		k.past[end] = o
	}
	return o, err
}
