// Package explain finds out what a forecast rests on. That is what other estimators would
// forecast from the same window, the part of the season, and which services moved it.
//
// It asks the estimators again, with a window in which something is different, and takes
// the difference. So it explains every estimator, and nothing in them has to know of it.
package explain

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
	"github.com/deepscaler/deepscaler/estimator/trust"
)

// Case is what the forecasts of an application were made from.
type Case struct {
	Window *estimator.Window
	// Lead is the number of steps of the lead time.
	Lead int
	// Network is the trained model; nil without one. Quantile is the one that serves.
	Network  trust.Network
	Quantile float64
	// Theory is queueing theory, with the season of the load where one is known.
	Theory estimator.Estimator
	// Plain is the same without the season; nil if there is no season.
	Plain estimator.Estimator
}

// Outlook has the forecasts of an application from one window.
type Outlook struct {
	// Levels are the quantiles of Network, one forecast each; none without a model.
	Levels  []float64
	Network []*estimator.Forecast
	// Theory and Plain are nil where they have no forecast.
	Theory, Plain *estimator.Forecast
}

// Look returns the forecasts of all estimators, the model at the given quantiles.
func (c *Case) Look(ctx context.Context, quantiles []float64) (*Outlook, error) {
	o := &Outlook{}
	var err error
	if o.Theory, err = optional(c.Theory.Estimate(ctx, c.Window)); err != nil {
		return nil, err
	}
	if c.Plain != nil {
		if o.Plain, err = optional(c.Plain.Estimate(ctx, c.Window)); err != nil {
			return nil, err
		}
	}
	if c.Network == nil {
		return o, nil
	}
	all, err := c.Network.EstimateAt(ctx, c.Window, []int{c.Window.Steps}, quantiles)
	if err != nil || all[0][0] == nil {
		return o, nil //nolint:nilerr // a model that fails does not serve, and is reported elsewhere
	}
	o.Levels, o.Network = quantiles, all[0]
	return o, nil
}

// optional drops an error that is only a lack of telemetry.
func optional(f *estimator.Forecast, err error) (*estimator.Forecast, error) {
	if errors.Is(err, estimator.ErrInsufficientData) {
		return nil, nil
	}
	return f, err
}

// Effect is the part of a need that comes from the recent behaviour of one service.
type Effect struct {
	// Service is its row in the window.
	Service int
	// Replicas is the need as it is, less the need if that service had been as usual in
	// the newest steps: as in the median over the window. NaN if unknown.
	Replicas float64
}

// Effects returns the effects of others on the need of service n within the lead time, in
// the forecast of the model or else of queueing theory. Each costs a forecast.
func (c *Case) Effects(ctx context.Context, n int, byNetwork bool, others []int) ([]Effect, error) {
	is, err := c.need(ctx, c.Window, n, byNetwork)
	if err != nil {
		return nil, err
	}
	effects := make([]Effect, len(others))
	for i, m := range others {
		usual, err := c.need(ctx, c.calm(m), n, byNetwork)
		if err != nil {
			return nil, fmt.Errorf("forecast without the changes of %s: %w", c.Window.Services[m], err)
		}
		effects[i] = Effect{m, is - usual}
	}
	return effects, nil
}

// need returns the need of service n within the lead time, NaN if unknown.
func (c *Case) need(ctx context.Context, w *estimator.Window, n int, byNetwork bool) (float64, error) {
	var f *estimator.Forecast
	var err error
	if byNetwork && c.Network != nil {
		var all [][]*estimator.Forecast
		if all, err = c.Network.EstimateAt(ctx, w, []int{w.Steps}, []float64{c.Quantile}); err == nil {
			f = all[0][0]
		}
	} else {
		f, err = c.Theory.Estimate(ctx, w)
	}
	f, err = optional(f, err)
	return f.Highest(n, c.Lead), err
}

// calm returns the window in which service m, during the lead time that ended last, was
// as in the median over the whole. Calls from outside follow its requests.
func (c *Case) calm(m int) *estimator.Window {
	w := *c.Window
	w.Values = append([]float64(nil), c.Window.Values...)
	for channel := range w.Features {
		var values []float64
		for t := range w.Steps {
			if v := w.At(m, t, channel); !math.IsNaN(v) {
				values = append(values, v)
			}
		}
		usual := demand.Quantile(values, 0.5)
		for t := max(0, w.Steps-c.Lead); t < w.Steps; t++ {
			w.Set(m, t, channel, usual)
		}
	}
	return &w
}
