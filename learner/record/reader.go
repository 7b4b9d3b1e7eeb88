package record

import (
	"context"
	"errors"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// reader reads windows of any length, whether or not telemetry had gaps then.
type reader struct {
	// telemetry has no Jaeger, which is asked once, for the whole range.
	telemetry telemetry.Config
	jaeger    telemetry.Jaeger
	services  []estimator.Service
	features  []estimator.Feature
	step      time.Duration
	// graph says that the invocation graph is wanted.
	graph   bool
	retry   retrier
	notices *notices
}

// read returns the window of the given number of steps from first on, with the
// patience of the retrier.
func (r *reader) read(ctx context.Context, first time.Time, steps int) (*estimator.Window, error) {
	source, err := telemetry.New(r.telemetry, r.features, steps, r.step)
	if err != nil {
		return nil, err
	}
	defer source.Close()
	var (
		w        *estimator.Window
		findings []*telemetry.Error
	)
	if err := r.retry.do(ctx, func(ctx context.Context) (err error) {
		w, findings, err = source.Read(ctx, telemetry.Range{
			Services: r.services, End: first.Add(time.Duration(steps-1) * r.step), Steps: steps, Calls: r.graph,
		})
		if err != nil {
			return err
		}
		return passing(findings)
	}); err != nil {
		return nil, err
	}
	for _, f := range findings {
		r.notices.warn(f)
	}
	return w, nil
}

// absent reports an error that says that there are no samples, rather than that
// they could not be read.
func absent(err error) bool {
	return errors.Is(err, telemetry.NoData) || errors.Is(err, telemetry.Stale)
}

// passing returns the finding that is a transient error. A window does without
// what could not be asked; a recording asks again.
func passing(findings []*telemetry.Error) error {
	for _, f := range findings {
		if f.Kind.Transient() {
			return f
		}
	}
	return nil
}
