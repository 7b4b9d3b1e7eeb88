package model

import (
	"context"
	"fmt"
	"slices"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/queueing"
)

// EstimateAt returns forecasts from the beginnings of a window that have the given
// numbers of steps, each at the given quantiles of the need: [beginning][quantile]. It
// computes analytic forecasts once for all. A quantile of 0 is the one that
// [Estimator.Estimate] serves.
//
// A window that has all features of the model, as [Estimator.Annotate] returns it, is used
// as it is. A beginning with fewer steps than the model looks back, or without any sample of its
// services, has nil for each quantile. Other errors are those of [Estimator.Estimate].
func (e *Estimator) EstimateAt(ctx context.Context, w *estimator.Window, steps []int, quantiles []float64) ([][]*estimator.Forecast, error) {
	all, err := e.estimateAt(ctx, w, steps, quantiles)
	if err != nil {
		return nil, fmt.Errorf("estimate with the model: %w", err)
	}
	return all, nil
}

func (e *Estimator) estimateAt(ctx context.Context, w *estimator.Window, steps []int, quantiles []float64) ([][]*estimator.Forecast, error) {
	if err := e.check(w); err != nil {
		return nil, err
	}
	if len(steps) > 0 {
		var err error
		if w, err = e.annotate(ctx, w, slices.Min(steps)-e.predictor.config.Window); err != nil {
			return nil, err
		}
	}
	levels := make([]level, len(quantiles))
	for i, q := range quantiles {
		if levels[i] = e.level; q > 0 {
			levels[i] = levelOf(e.predictor.levels, q)
		}
	}
	c := e.begin()
	defer e.end(c)
	all := make([][]*estimator.Forecast, len(steps))
	for i, n := range steps {
		all[i] = make([]*estimator.Forecast, len(quantiles))
		if n < e.predictor.config.Window || n > w.Steps {
			continue
		}
		part := w.Slice(estimator.Range{To: n})
		if err := e.run(c, part); err != nil {
			return nil, err
		}
		if anyKnown(c.outputs) {
			for q, l := range levels {
				all[i][q] = e.forecast(c, part, l)
			}
		}
	}
	return all, nil
}

// Annotate returns a window with all features of the model, for estimates from beginnings
// of at least so many steps. Errors are those of [Estimator.Estimate].
func (e *Estimator) Annotate(ctx context.Context, w *estimator.Window, steps int) (*estimator.Window, error) {
	if err := e.check(w); err != nil {
		return nil, fmt.Errorf("estimate with the model: %w", err)
	}
	out, err := e.annotate(ctx, w, steps-e.predictor.config.Window)
	if err != nil {
		return nil, fmt.Errorf("estimate with the model: %w", err)
	}
	return out, nil
}

// Theory returns how the model makes the analytic forecasts that it measures from; nil if
// it measures from none.
func (e *Estimator) Theory() *queueing.Analytic { return e.analytic }
