package tick

import (
	"context"
	"math"
	"runtime/debug"
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

// Models returns what an application is decided with, by its name.
type Models interface {
	Of(application string) Model
}

// Model is what an application's replicas are decided with.
type Model struct {
	Estimators *estimator.Handover
	// Names are those of the estimators, in their order.
	Names []string
	Plan  plan.Config
}

// Pipeline makes plans: window → estimate → plan.
type Pipeline struct {
	Source   Source
	Models   Models
	Clock    clock.PassiveClock
	Observer Observer
}

// Plan implements [Planner]: it decides the replicas of an application's services
// from the window that ends at end.
func (p *Pipeline) Plan(ctx context.Context, a discovery.Application, end time.Time) (*plan.Plan, *Failure) {
	services := make([]estimator.Service, len(a.Services))
	bounds := make(map[estimator.Service]plan.Bounds, len(a.Services))
	seen := plan.Observed{Pods: map[estimator.Service]int{}}
	for i, s := range a.Services {
		services[i] = s.Service
		bounds[s.Service] = s.Bounds
		if s.Pods != nil {
			seen.Pods[s.Service] = *s.Pods
		}
	}
	model := p.Models.Of(a.Name)

	if f := p.stage(StageWindow, func() error {
		w, problems, err := p.Source.Window(ctx, services, end)
		if err == nil {
			seen.Window = w
			p.Observer.WindowRead(ctx, a.Name, missing(w), problems)
		}
		return err
	}); f != nil {
		return nil, f
	}

	var forecast *estimator.Forecast
	if f := p.stage(StageEstimate, func() error {
		var origin estimator.Origin
		var err error
		forecast, origin, err = model.Estimators.EstimateFrom(ctx, seen.Window)
		if ctx.Err() == nil {
			p.Observer.Estimated(ctx, a.Name, model.Names, origin)
		}
		return err
	}); f != nil {
		return nil, f
	}

	var made *plan.Plan
	f := p.stage(StagePlan, func() (err error) {
		made, err = plan.Make(model.Plan, forecast, bounds, seen, p.Clock.Now())
		return err
	})
	return made, f
}

// stage runs one stage. Telemetry comes from outside, and what it makes a stage
// do to one application must not end the others: a panic is a failure.
func (p *Pipeline) stage(s Stage, run func() error) (f *Failure) {
	start := p.Clock.Now()
	defer func() {
		if r := recover(); r != nil {
			f = fail(s, &panicked{r, debug.Stack()})
		}
		p.Observer.StageTook(s, p.Clock.Since(start))
	}()
	if err := run(); err != nil {
		return fail(s, err)
	}
	return nil
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
