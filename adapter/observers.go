package adapter

import (
	"context"
	"time"

	"github.com/deepscaler/deepscaler/adapter/tick"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// observers lets several observe the same ticks.
type observers []tick.Observer

var _ tick.Observer = observers(nil)

// StageTook implements [tick.Observer].
func (all observers) StageTook(s tick.Stage, took time.Duration) {
	for _, o := range all {
		o.StageTook(s, took)
	}
}

// WindowRead implements [tick.Observer].
func (all observers) WindowRead(ctx context.Context, application string, missing float64, problems []*telemetry.Error) {
	for _, o := range all {
		o.WindowRead(ctx, application, missing, problems)
	}
}

// Estimated implements [tick.Observer].
func (all observers) Estimated(ctx context.Context, application string, estimators []string, origin estimator.Origin) {
	for _, o := range all {
		o.Estimated(ctx, application, estimators, origin)
	}
}

// Planned implements [tick.Observer].
func (all observers) Planned(ctx context.Context, b *tick.Basis) {
	for _, o := range all {
		o.Planned(ctx, b)
	}
}

// Ticked implements [tick.Observer].
func (all observers) Ticked(ctx context.Context, r tick.Result) {
	for _, o := range all {
		o.Ticked(ctx, r)
	}
}
