package estimator

import (
	"context"
	"errors"
	"fmt"
)

// Handover asks several estimators in order of preference: a service about
// which one says nothing is handed to the next, row by row.
type Handover struct {
	chain []Estimator
}

var _ Estimator = (*Handover)(nil)

// First returns an estimator that asks primary, then others in their order.
func First(primary Estimator, others ...Estimator) *Handover {
	return &Handover{chain: append([]Estimator{primary}, others...)}
}

// Estimate implements [Estimator]; see [Handover.EstimateFrom].
func (h *Handover) Estimate(ctx context.Context, w *Window) (*Forecast, error) {
	f, _, err := h.EstimateFrom(ctx, w)
	return f, err
}

// EstimateFrom returns the joint forecast and, for every service, the position
// in the chain of the estimator that served it (0 is the primary), -1 where
// none of them knew.
//
// An estimator that returns [ErrInsufficientData] is passed over; any other
// error is returned at once. When no estimator has a forecast, the error wraps
// ErrInsufficientData and all their reasons. The horizon is the longest of the
// forecasts used; a shorter one goes on at its last value.
func (h *Handover) EstimateFrom(ctx context.Context, w *Window) (*Forecast, []int, error) {
	from := make([]int, len(w.Services))
	for n := range from {
		from[n] = -1
	}
	forecasts := make([]*Forecast, len(h.chain))
	var reasons []error
	horizon, missing := 0, len(w.Services)
	for i, e := range h.chain {
		if missing == 0 {
			break
		}
		f, err := e.Estimate(ctx, w)
		if errors.Is(err, ErrInsufficientData) {
			reasons = append(reasons, err)
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		if f.Horizon < 1 || f.Step != w.Step || len(f.Replicas) != len(w.Services)*f.Horizon {
			return nil, nil, fmt.Errorf("estimator %d of the hand-over forecasts %d values in %d steps of %v for a window of %d services and steps of %v",
				i, len(f.Replicas), f.Horizon, f.Step, len(w.Services), w.Step)
		}
		forecasts[i] = f
		for n := range from {
			if from[n] < 0 && f.Known(n) {
				from[n] = i
				missing--
				horizon = max(horizon, f.Horizon)
			}
		}
	}
	if horizon == 0 {
		if len(reasons) == 0 {
			return nil, nil, fmt.Errorf("no estimator knows any service: %w", ErrInsufficientData)
		}
		return nil, nil, errors.Join(reasons...)
	}
	out := NewForecast(w.Services, horizon, w.Step)
	for n, i := range from {
		if i < 0 {
			continue
		}
		for c := range horizon {
			out.Set(n, c, forecasts[i].At(n, min(c, forecasts[i].Horizon-1)))
		}
	}
	return out, from, nil
}
