package tick

import (
	"context"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// Observer observes ticks. Its methods are called from several goroutines, and
// ticks wait for them.
type Observer interface {
	// StageTook is called when a stage has ended, successfully or not.
	StageTook(s Stage, took time.Duration)
	// WindowRead is called with the share of missing samples in an
	// application's window, from 0 to 1, and with the problems found in it.
	WindowRead(ctx context.Context, application string, missing float64, problems []*telemetry.Error)
	// Estimated is called with the names of an application's estimators, in their
	// order, and with the result of each. It is also called without any forecast.
	Estimated(ctx context.Context, application string, estimators []string, o estimator.Origin)
	// Planned is called with what a plan was made from, before its publication.
	Planned(ctx context.Context, b *Basis)
	// Ticked is called when the result of a tick has been published.
	Ticked(ctx context.Context, r Result)
}
