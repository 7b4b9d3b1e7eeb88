package tick

import (
	"context"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// Observer gets to see what ticks do. Its methods are called from several
// goroutines, and ticks wait for them.
type Observer interface {
	// StageTook is called when a stage has ended, well or badly.
	StageTook(s Stage, took time.Duration)
	// WindowRead is called with the share of the samples of an application's
	// window that are missing, from 0 to 1, and with what was wrong with it.
	WindowRead(ctx context.Context, application string, missing float64, problems []*telemetry.Error)
	// Estimated is called with the names of an application's estimators, in their
	// order, and with what became of each. It is called without any forecast, too.
	Estimated(ctx context.Context, application string, estimators []string, o estimator.Origin)
	// Ticked is called when the result of a tick has been published.
	Ticked(ctx context.Context, r Result)
}
