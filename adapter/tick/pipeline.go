package tick

import (
	"context"
	"math"
	"runtime/debug"
	"time"

	"k8s.io/utils/clock"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/model"
	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/estimator/queueing"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
	"github.com/deepscaler/deepscaler/estimator/trust"
)

// Source reads the recent telemetry of an application's services: a window of the given
// number of steps.
type Source interface {
	Recent(ctx context.Context, services []estimator.Service, steps int, end time.Time) (*estimator.Window, []*telemetry.Error, error)
}

// Models returns what an application is decided with at the step that ends at end. It
// is the same for replicas of the adapter that have seen the same.
type Models interface {
	At(application string, end time.Time) Model
}

// Network is the name of the estimator that runs trained models.
const Network = "network"

// Scheduler estimates with a trained model as far as it is trusted, and with others
// otherwise.
type Scheduler interface {
	EstimateFrom(ctx context.Context, w *estimator.Window) (*estimator.Forecast, estimator.Origin, trust.Verdict, error)
}

// Model has the estimators and settings for an application's plans.
type Model struct {
	Scheduler Scheduler
	// Sources are those of the estimators, in their order.
	Sources []plan.Source
	Plan    plan.Config
	// Affinity is that of the network among the estimators, nil without one.
	Affinity []plan.Link
	// Steps is the number of newest steps of a window for the plan, and Read the
	// number to read, which may be larger for an estimator.
	Steps, Read int
	// Trained describes the trained model; nil without one.
	Trained *Trained
	// Theory is queueing theory, which serves behind the model, and Plain the same
	// without the season of the load; nil if there is no season.
	Theory, Plain estimator.Estimator
	// Keep returns the replicas to keep after a fall of the load; nil keeps none.
	Keep Keeper
	// Load forecasts the load; nil if it is taken to stay.
	Load Load
	// Ahead is queueing theory over the time that a node takes to start and a pod after it;
	// nil if nodes are not to be had in advance.
	Ahead estimator.Estimator
}

// Keeper returns the replicas that services keep after a fall of their load. Each keeps them as
// if an autoscaler had a stabilisation window of so many steps; NaN is none.
type Keeper interface {
	Held(ctx context.Context, w *estimator.Window, steps []int) ([]float64, error)
}

// Load forecasts how the load of services grows within the lead time. It is asked when the
// links of a plan are read, by any goroutine.
type Load interface {
	Growth(ctx context.Context, w *estimator.Window) (*queueing.Growth, error)
}

// Trained is a trained model.
type Trained struct {
	Hash string
	// Ended is when its training ended.
	Ended time.Time
	// Estimator runs it.
	Estimator *model.Estimator
}

// Basis is what a plan was made from. It is not changed.
type Basis struct {
	Application string
	// Window is the one of the estimate, of Model.Read steps.
	Window *estimator.Window
	Model  Model
	// Forecast is the joint one, and Origin has the sources of its rows.
	Forecast *estimator.Forecast
	Origin   estimator.Origin
	// Verdict is the trust in the trained model.
	Verdict trust.Verdict
	Plan    *plan.Plan
}

// Names are the names of the estimators, in their order.
func (m Model) Names() []string {
	names := make([]string, len(m.Sources))
	for i, s := range m.Sources {
		names[i] = s.Estimator
	}
	return names
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
	m := p.Models.At(a.Name, end)

	var w *estimator.Window
	if f := p.stage(StageWindow, func() error {
		read, problems, err := p.Source.Recent(ctx, services, m.Read, end)
		if err == nil {
			w, seen.Window = read, read.Newest(m.Steps)
			p.Observer.WindowRead(ctx, a.Name, missing(seen.Window), problems)
		}
		return err
	}); f != nil {
		return nil, f
	}

	b := &Basis{Application: a.Name, Window: w, Model: m}
	if f := p.stage(StageEstimate, func() (err error) {
		b.Forecast, b.Origin, b.Verdict, err = m.Scheduler.EstimateFrom(ctx, w)
		if ctx.Err() == nil {
			p.Observer.Estimated(ctx, a.Name, m.Names(), b.Origin)
		}
		return err
	}); f != nil {
		return nil, f
	}

	f := p.stage(StagePlan, func() error {
		settings := m.Plan
		settings.ScaleIn = b.Verdict.ScaleIn
		var err error
		if seen.Held, err = m.held(ctx, w, a.Services); err != nil {
			return err
		}
		made, err := plan.Make(settings, b.Forecast, bounds, seen, p.Clock.Now())
		if err == nil {
			b.Plan = made.WithSources(m.sources(w.Services, b.Origin)).WithLinks(func() plan.Links {
				return plan.Links{
					Calls: plan.CallLinks(w, steady),
					// A plan outlives its tick.
					Expected: plan.CallLinks(w, b.growth(context.WithoutCancel(ctx), seen.Window)),
					Affinity: m.Affinity,
				}
			})
		}
		return err
	})
	if f == nil {
		p.Observer.Planned(ctx, b)
	}
	return b.Plan, f
}

// held returns the replicas that services keep for as long as their autoscalers do not keep
// them themselves.
func (m Model) held(ctx context.Context, w *estimator.Window, services []discovery.Service) ([]float64, error) {
	if m.Keep == nil {
		return nil, nil
	}
	steps := make([]int, len(services))
	for n, s := range services {
		steps[n] = int(max(0, m.Plan.Hold-s.Stabilization) / w.Step)
	}
	return m.Keep.Held(ctx, w, steps)
}

// sources returns what made the forecast of each service.
func (m Model) sources(services []estimator.Service, o estimator.Origin) map[estimator.Service]plan.Source {
	sources := make(map[estimator.Service]plan.Source, len(services))
	for n, s := range services {
		if i := o.From[n]; i >= 0 {
			sources[s] = m.Sources[i]
		}
	}
	return sources
}

// stage runs one stage. Telemetry comes from outside, and must not end other
// applications through a fault in one: a panic becomes a failure.
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
