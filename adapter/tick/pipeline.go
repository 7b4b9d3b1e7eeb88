package tick

import (
	"context"
	"fmt"
	"math"
	"time"

	"k8s.io/utils/clock"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// Source reads the recent telemetry of an application's services.
type Source interface {
	Window(ctx context.Context, services []estimator.Service, end time.Time) (*estimator.Window, []*telemetry.Error, error)
}

// Model is what an application's replicas are decided with.
type Model struct {
	Estimator estimator.Estimator
	Plan      plan.Config
}

// Stage is a part of the pipeline, named in errors and metrics.
type Stage string

// The stages of a tick, in order. A tick that fails outside of them failed to
// end in time.
const (
	StageWindow   Stage = "window"
	StageEstimate Stage = "estimate"
	StagePlan     Stage = "plan"
	StageDeadline Stage = "deadline"
)

// StageError says at which stage a tick failed.
type StageError struct {
	Stage Stage
	Err   error
}

// Error implements error.
func (e *StageError) Error() string { return fmt.Sprintf("%s: %v", e.Stage, e.Err) }

// Unwrap returns the cause.
func (e *StageError) Unwrap() error { return e.Err }

// Pipeline makes plans: window → estimate → plan.
type Pipeline struct {
	Source Source
	// Model returns what an application is decided with, by its name.
	Model func(application string) Model
	Clock clock.PassiveClock
	// ObserveStage is told how long a stage took, unless nil.
	ObserveStage func(s Stage, took time.Duration)
	// ObserveWindow is told the share of an application's samples that are
	// missing, from 0 to 1, and what was wrong with its telemetry, unless nil.
	ObserveWindow func(ctx context.Context, application string, missing float64, warnings []*telemetry.Error)
}

// Plan decides the replicas of an application's services from the window that
// ends at end. Its errors are *StageError.
func (p *Pipeline) Plan(ctx context.Context, a discovery.Application, end time.Time) (*plan.Plan, error) {
	services := make([]estimator.Service, len(a.Services))
	bounds := make(map[estimator.Service]plan.Bounds, len(a.Services))
	for i, s := range a.Services {
		services[i] = s.Service
		bounds[s.Service] = s.Bounds
	}
	model := p.Model(a.Name)

	var window *estimator.Window
	if err := p.stage(StageWindow, func() (err error) {
		var warnings []*telemetry.Error
		window, warnings, err = p.Source.Window(ctx, services, end)
		if err == nil && p.ObserveWindow != nil {
			p.ObserveWindow(ctx, a.Name, missing(window), warnings)
		}
		return err
	}); err != nil {
		return nil, err
	}

	var forecast *estimator.Forecast
	if err := p.stage(StageEstimate, func() (err error) {
		forecast, err = model.Estimator.Estimate(ctx, window)
		return err
	}); err != nil {
		return nil, err
	}

	var made *plan.Plan
	err := p.stage(StagePlan, func() (err error) {
		made, err = plan.Make(model.Plan, forecast, bounds, plan.Observed{Window: window}, p.Clock.Now())
		return err
	})
	return made, err
}

// stage runs one stage. Telemetry comes from outside, and what it makes a stage
// do to one application must not end the others: a panic is an error.
func (p *Pipeline) stage(s Stage, run func() error) (err error) {
	start := p.Clock.Now()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
		if p.ObserveStage != nil {
			p.ObserveStage(s, p.Clock.Since(start))
		}
		if err != nil {
			err = &StageError{Stage: s, Err: err}
		}
	}()
	return run()
}

func missing(w *estimator.Window) float64 {
	n := 0
	for _, v := range w.Values {
		if math.IsNaN(v) {
			n++
		}
	}
	return float64(n) / float64(max(len(w.Values), 1))
}
