package tick

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	testclock "k8s.io/utils/clock/testing"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
	"github.com/deepscaler/deepscaler/estimator/trust"
)

type sourceFunc func(services []estimator.Service, end time.Time) (*estimator.Window, []*telemetry.Error, error)

func (f sourceFunc) Recent(_ context.Context, s []estimator.Service, _ int, end time.Time) (*estimator.Window, []*telemetry.Error, error) {
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

// model decides every application by the given estimators.
type chain []estimator.Estimator

func (m chain) At(string, time.Time) Model {
	sources := []plan.Source{{Estimator: "first", Model: "c0ffee"}, {Estimator: "second"}}
	return Model{Scheduler: &trust.Scheduler{Rest: m}, Sources: sources[:len(m)], Plan: plan.DefaultConfig()}
}

// always forecasts the same need for every service.
func always(need float64) estimatorFunc {
	return func(w *estimator.Window) (*estimator.Forecast, error) {
		f := estimator.NewForecast(w.Services, 1, w.Step)
		for n := range w.Services {
			f.Set(n, 0, need)
		}
		return f, nil
	}
}

func failing(err error) estimatorFunc {
	return func(*estimator.Window) (*estimator.Forecast, error) { return nil, err }
}

func panicking(*estimator.Window) (*estimator.Forecast, error) { panic("index out of range") }

// reading reads nothing but the error.
func reading(err error) sourceFunc {
	return func([]estimator.Service, time.Time) (*estimator.Window, []*telemetry.Error, error) {
		return nil, nil, err
	}
}

// pipeline plans 7.5 replicas for every service, from a window of which half is
// missing.
func pipeline() (*Pipeline, *record) {
	r := &record{}
	return &Pipeline{
		Clock:    testclock.NewFakePassiveClock(noon.Add(time.Second)),
		Observer: r,
		Source: sourceFunc(func(s []estimator.Service, end time.Time) (*estimator.Window, []*telemetry.Error, error) {
			w := estimator.NewWindow(s, []estimator.Feature{estimator.CPU}, 2, 30*time.Second, end)
			w.Set(0, 0, 0, 1)
			w.Set(1, 1, 0, 1)
			return w, []*telemetry.Error{{Feature: "calls", Kind: telemetry.NoData}}, nil
		}),
		Models: chain{always(7.5)},
	}, r
}

func TestPipelinePlansWithinTheBoundsOfTheAutoscalers(t *testing.T) {
	p, seen := pipeline()
	got, f := p.Plan(t.Context(), shop, noon)
	if f != nil {
		t.Fatal(f)
	}
	for service, want := range map[estimator.Service]int{cart: 5, web: 8} {
		if n, err := got.Replicas(service); n != want || err != nil {
			t.Errorf("%s: %d, %v, want %d", service, n, err, want)
		}
	}
	if !got.Made().Equal(noon.Add(time.Second)) {
		t.Errorf("made %v, want the time of the decision", got.Made())
	}
	if diff := cmp.Diff([]Stage{StageWindow, StageEstimate, StagePlan}, seen.stages); diff != "" {
		t.Errorf("stages (-want +got):\n%s", diff)
	}
	if seen.basis == nil || seen.basis.Plan != got || seen.basis.Window.End != noon {
		t.Errorf("observed %+v as the basis of the plan", seen.basis)
	}
	if seen.missing != 0.5 || len(seen.problems) != 1 {
		t.Errorf("observed %v of the window missing and %d problems, want 0.5 and 1", seen.missing, len(seen.problems))
	}
}

func TestPipelinePlansWithThePodsThatExist(t *testing.T) {
	p, _ := pipeline()
	p.Models = chain{always(1.5)}
	p.Source = sourceFunc(func(s []estimator.Service, end time.Time) (*estimator.Window, []*telemetry.Error, error) {
		w := estimator.NewWindow(s, []estimator.Feature{estimator.CPU, estimator.Replicas}, 2, 30*time.Second, end)
		for n, ready := range []float64{1, 0} {
			for step := range w.Steps {
				w.Set(n, step, 0, 1)
				w.Set(n, step, 1, ready)
			}
		}
		return w, nil, nil
	})
	counted := discovery.Application{Name: "shop", Services: slices.Clone(shop.Services)}
	counted.Services[0].Pods = new(4)
	got, f := p.Plan(t.Context(), counted, noon)
	if f != nil {
		t.Fatal(f)
	}
	if n, err := got.Replicas(cart); n != 4 || err != nil {
		t.Errorf("cart, with 1 of 4 pods ready at its limit: planned %d, %v", n, err)
	}
	if n, err := got.Replicas(web); !errors.Is(err, plan.ErrNotReady) {
		t.Errorf("web, without a ready pod: planned %d, %v", n, err)
	}
}

// Every failure has a text that is the same at the next tick and that shows nothing
// of where telemetry comes from.
func TestFailuresHaveAStageAndAConstantText(t *testing.T) {
	broken := errors.New("dial tcp 10.0.0.7:9090 after 1.7s")
	invalid := discovery.Application{Name: "shop", Services: []discovery.Service{shop.Services[0], {Service: web, Bounds: plan.Bounds{Min: 3, Max: 2}}}}
	for name, c := range map[string]struct {
		application discovery.Application
		change      func(*Pipeline)
		stage       Stage
		text        string
	}{
		"unreachable": {shop, func(p *Pipeline) {
			p.Source = reading(&telemetry.Error{Feature: "cpu", Kind: telemetry.Unreachable, Detail: broken.Error(), Err: broken})
		}, StageWindow, "window: prometheus: cannot be reached"},
		"no data": {shop, func(p *Pipeline) {
			p.Source = reading(fmt.Errorf("now: %w", &telemetry.Error{Feature: "cpu", Kind: telemetry.NoData, Query: "sum(rate(x[1m]))"}))
		}, StageWindow, "window: cpu: no data"},
		"another error of the source": {shop, func(p *Pipeline) { p.Source = reading(broken) }, StageWindow, "window: telemetry cannot be read"},
		"a panic over an answer": {shop, func(p *Pipeline) {
			p.Source = sourceFunc(func([]estimator.Service, time.Time) (*estimator.Window, []*telemetry.Error, error) {
				panic(fmt.Sprint("slice bounds out of range ", time.Now()))
			})
		}, StageWindow, "window: a fault in DeepScaler"},
		"no data to estimate from": {shop, func(p *Pipeline) {
			p.Models = chain{failing(estimator.ErrInsufficientData)}
		}, StageEstimate, "estimate: not enough telemetry yet"},
		"every estimator fails": {shop, func(p *Pipeline) {
			p.Models = chain{estimatorFunc(panicking), failing(broken)}
		}, StageEstimate, "estimate: every estimator failed"},
		"impossible bounds": {invalid, func(*Pipeline) {}, StagePlan, "plan: the forecast or a setting is invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := pipeline()
			c.change(p)
			for range 2 {
				got, f := p.Plan(t.Context(), c.application, noon)
				if got != nil || f == nil || f.Stage != c.stage || f.Error() != c.text || f.Detail() == "" {
					t.Errorf("plan %v, failure %v, want %s", got, f, c.text)
				}
			}
		})
	}
}

func TestAnEstimatorThatFailsFailsNoApplication(t *testing.T) {
	p, seen := pipeline()
	p.Models = chain{estimatorFunc(panicking), always(3)}
	got, f := p.Plan(t.Context(), shop, noon)
	if f != nil {
		t.Fatal(f)
	}
	if n, err := got.Replicas(web); n != 3 || err != nil {
		t.Errorf("planned %d, %v, want the second estimator's 3", n, err)
	}
	if seen.origin.Errors[0] == nil || seen.origin.Errors[1] != nil || len(seen.estimators) != 2 {
		t.Errorf("observed %+v of %v", seen.origin, seen.estimators)
	}
}

// keeper keeps as many replicas as it is asked to keep steps.
type keeper struct{}

func (keeper) Held(_ context.Context, _ *estimator.Window, steps []int) ([]float64, error) {
	held := make([]float64, len(steps))
	for n, s := range steps {
		held[n] = float64(s)
	}
	return held, nil
}

type keeping struct{ chain }

func (k keeping) At(application string, end time.Time) Model {
	m := k.chain.At(application, end)
	m.Keep, m.Plan.Hold = keeper{}, 5*time.Minute
	return m
}

func TestPipelineHoldsWhereAutoscalersDoNot(t *testing.T) {
	p, _ := pipeline() // of steps of 30 s
	p.Models = keeping{chain{always(2.5)}}
	a := discovery.Application{Name: "shop", Services: slices.Clone(shop.Services)}
	a.Services[0].Stabilization, a.Services[1].Stabilization = 10*time.Minute, time.Minute
	got, f := p.Plan(t.Context(), a, noon)
	if f != nil {
		t.Fatal(f)
	}
	for service, want := range map[estimator.Service]int{cart: 3, web: 8} {
		if n, err := got.Replicas(service); n != want || err != nil {
			t.Errorf("%s: %d, %v, want %d", service, n, err, want)
		}
	}
}
