package tick

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	testclock "k8s.io/utils/clock/testing"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

type sourceFunc func(services []estimator.Service, end time.Time) (*estimator.Window, []*telemetry.Error, error)

func (f sourceFunc) Window(_ context.Context, s []estimator.Service, end time.Time) (*estimator.Window, []*telemetry.Error, error) {
	return f(s, end)
}

type estimatorFunc func(w *estimator.Window) (*estimator.Forecast, error)

func (f estimatorFunc) Estimate(_ context.Context, w *estimator.Window) (*estimator.Forecast, error) {
	return f(w)
}

var (
	cart = estimator.Service{Namespace: "shop", Name: "cart"}
	web  = estimator.Service{Namespace: "shop", Name: "web"}
	shop = discovery.Application{Name: "shop", Services: []discovery.Service{
		{Service: cart, Application: "shop", Bounds: plan.Bounds{Min: 1, Max: 5}},
		{Service: web, Application: "shop", Bounds: plan.Bounds{Min: 2, Max: 20}},
	}}
	noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
)

// pipeline plans 7.5 replicas for every service, from a window of which half is
// missing.
func pipeline() *Pipeline {
	return &Pipeline{
		Clock: testclock.NewFakePassiveClock(noon.Add(time.Second)),
		Source: sourceFunc(func(s []estimator.Service, end time.Time) (*estimator.Window, []*telemetry.Error, error) {
			w := estimator.NewWindow(s, []estimator.Feature{estimator.CPU}, 2, 30*time.Second, end)
			w.Set(0, 0, 0, 1)
			w.Set(1, 1, 0, 1)
			return w, []*telemetry.Error{{Feature: "calls", Kind: telemetry.NoData}}, nil
		}),
		Model: func(string) Model {
			return Model{Plan: plan.DefaultConfig(), Estimator: estimatorFunc(func(w *estimator.Window) (*estimator.Forecast, error) {
				f := estimator.NewForecast(w.Services, 1, w.Step)
				for n := range w.Services {
					f.Set(n, 0, 7.5)
				}
				return f, nil
			})}
		},
	}
}

func TestPipelinePlansWithinTheBoundsOfTheAutoscalers(t *testing.T) {
	p := pipeline()
	var stages []Stage
	p.ObserveStage = func(s Stage, _ time.Duration) { stages = append(stages, s) }
	var share float64
	var warned int
	p.ObserveWindow = func(_ context.Context, _ string, missing float64, w []*telemetry.Error) {
		share, warned = missing, len(w)
	}
	got, err := p.Plan(t.Context(), shop, noon)
	if err != nil {
		t.Fatal(err)
	}
	for service, want := range map[estimator.Service]int{cart: 5, web: 8} {
		if n, err := got.Replicas(service); n != want || err != nil {
			t.Errorf("%s: %d, %v, want %d", service, n, err, want)
		}
	}
	if !got.Made().Equal(noon.Add(time.Second)) {
		t.Errorf("made %v, want the time of the decision", got.Made())
	}
	if diff := cmp.Diff([]Stage{StageWindow, StageEstimate, StagePlan}, stages); diff != "" {
		t.Errorf("stages (-want +got):\n%s", diff)
	}
	if share != 0.5 || warned != 1 {
		t.Errorf("observed %v of the window missing and %d warnings, want 0.5 and 1", share, warned)
	}
}

func TestPipelineNamesTheStageThatFailed(t *testing.T) {
	broken := errors.New("broken")
	for want, breakIt := range map[Stage]func(*Pipeline){
		StageWindow: func(p *Pipeline) {
			p.Source = sourceFunc(func([]estimator.Service, time.Time) (*estimator.Window, []*telemetry.Error, error) {
				return nil, nil, broken
			})
		},
		StageEstimate: func(p *Pipeline) {
			p.Model = func(string) Model {
				return Model{Estimator: estimatorFunc(func(*estimator.Window) (*estimator.Forecast, error) { return nil, broken })}
			}
		},
	} {
		p := pipeline()
		breakIt(p)
		got, err := p.Plan(t.Context(), shop, noon)
		var at *StageError
		if got != nil || !errors.As(err, &at) || at.Stage != want || !errors.Is(err, broken) {
			t.Errorf("%s: plan %v, error %v", want, got, err)
		}
	}

	p := pipeline()
	p.Model = func(string) Model {
		return Model{Plan: plan.Config{LeadTime: -1}, Estimator: pipeline().Model("").Estimator}
	}
	var at *StageError
	if got, err := p.Plan(t.Context(), shop, noon); got != nil || !errors.As(err, &at) || at.Stage != StagePlan {
		t.Errorf("plan: plan %v, error %v", got, err)
	}
}

func TestAPanicIsAnErrorOfOneApplication(t *testing.T) {
	p := pipeline()
	p.Model = func(string) Model {
		return Model{Estimator: estimatorFunc(func(w *estimator.Window) (*estimator.Forecast, error) {
			panic(w.Values[len(w.Values)-1] + math.Pi)
		})}
	}
	var at *StageError
	if got, err := p.Plan(t.Context(), shop, noon); got != nil || !errors.As(err, &at) || at.Stage != StageEstimate {
		t.Errorf("plan %v, error %v, want an error of the stage", got, err)
	}
}
