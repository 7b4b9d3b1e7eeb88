package estimator

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
)

// Handover runs several estimators in order of preference. Each service gets
// its forecast from the first that has one.
type Handover struct {
	chain []Estimator
}

var _ Estimator = (*Handover)(nil)

// Origin has the sources of the rows of a joint forecast.
type Origin struct {
	// From has the position in the chain of the estimator that served each
	// service. 0 is the primary, and -1 means that none had a forecast.
	From []int
	// Errors are the failures of estimators, by position in the chain. An
	// estimator that was not called, had a forecast or lacked data has none.
	Errors []error
}

// First returns an estimator that calls primary, then others in their order.
func First(primary Estimator, others ...Estimator) *Handover {
	return &Handover{chain: append([]Estimator{primary}, others...)}
}

// Estimate implements [Estimator]; see [Handover.EstimateFrom].
func (h *Handover) Estimate(ctx context.Context, w *Window) (*Forecast, error) {
	f, _, err := h.EstimateFrom(ctx, w)
	return f, err
}

// EstimateFrom returns the joint forecast and the origin of its rows.
//
// An estimator that fails, panics or returns a forecast of the wrong shape is
// skipped like one that lacks data, and its error is in the origin. Only the
// end of ctx ends the estimate. If no estimator has a forecast, the error joins
// all their reasons, of which [ErrInsufficientData] may be one, and the origin
// is still valid. The horizon is the longest of the used forecasts; a shorter
// one continues at its last value.
func (h *Handover) EstimateFrom(ctx context.Context, w *Window) (*Forecast, Origin, error) {
	origin := Origin{From: make([]int, len(w.Services)), Errors: make([]error, len(h.chain))}
	for n := range origin.From {
		origin.From[n] = -1
	}
	forecasts := make([]*Forecast, len(h.chain))
	var reasons []error
	horizon, missing := 0, len(w.Services)
	for i, e := range h.chain {
		if missing == 0 {
			break
		}
		f, err := ask(ctx, e, w)
		if ctx.Err() != nil {
			return nil, origin, context.Cause(ctx)
		}
		if err != nil {
			reasons = append(reasons, err)
			if !errors.Is(err, ErrInsufficientData) {
				origin.Errors[i] = err
			}
			continue
		}
		forecasts[i] = f
		for n := range origin.From {
			if origin.From[n] < 0 && f.Known(n) {
				origin.From[n] = i
				missing--
				horizon = max(horizon, f.Horizon)
			}
		}
	}
	if horizon == 0 {
		if len(reasons) == 0 {
			return nil, origin, fmt.Errorf("no estimator has a forecast for any service: %w", ErrInsufficientData)
		}
		return nil, origin, errors.Join(reasons...)
	}
	out := NewForecast(w.Services, horizon, w.Step)
	for n, i := range origin.From {
		if i < 0 {
			continue
		}
		for c := range horizon {
			out.Set(n, c, forecasts[i].At(n, min(c, forecasts[i].Horizon-1)))
		}
	}
	return out, origin, nil
}

// ask returns the forecast of e, or an error if e panics or the forecast does not
// fit w.
func ask(ctx context.Context, e Estimator, w *Window) (f *Forecast, err error) {
	defer func() {
		if r := recover(); r != nil {
			f, err = nil, fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	f, err = e.Estimate(ctx, w)
	switch {
	case err != nil:
		return nil, err
	case f == nil:
		return nil, errors.New("neither a forecast nor an error")
	case f.Horizon < 1 || f.Step != w.Step || len(f.Replicas) != len(w.Services)*f.Horizon:
		return nil, fmt.Errorf("forecast of %d values in %d steps of %v for a window of %d services and steps of %v",
			len(f.Replicas), f.Horizon, f.Step, len(w.Services), w.Step)
	}
	return f, nil
}
