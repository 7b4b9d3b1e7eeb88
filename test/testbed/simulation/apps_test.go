package simulation

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/test/testbed/app"
)

func ms(v float64) app.Duration { return app.Duration(v * float64(time.Millisecond)) }

// single is an application of one service with one replica of one core, whose
// calls need 10 ms of CPU time each.
func single(change ...func(*app.Service)) *app.Application {
	s := app.Service{
		Name: "a", Replicas: 1,
		Resources: app.Resources{Limits: app.Usage{CPU: 1, Memory: 1 << 30}},
		Serving:   app.Serving{Concurrency: 1 << 20, Queue: 1 << 20, Timeout: ms(3.6e6), Demand: app.Demand{CPU: ms(10)}},
		Endpoints: []app.Endpoint{{Name: "x"}},
	}
	for _, c := range change {
		c(&s)
	}
	return application(s)
}

// chainOf is n services in a row; change sees each with its position.
func chainOf(n int, change func(int, *app.Service)) *app.Application {
	services := make([]app.Service, n)
	for i := range services {
		services[i] = single().Services[0]
		services[i].Name = fmt.Sprintf("s%d", i)
		services[i].Endpoints = []app.Endpoint{{Name: "x"}}
		if i+1 < n {
			services[i].Endpoints[0].Calls = []app.Call{{Service: fmt.Sprintf("s%d", i+1), Endpoint: "x"}}
		}
		if change != nil {
			change(i, &services[i])
		}
	}
	return application(services...)
}

func application(services ...app.Service) *app.Application {
	a := &app.Application{
		APIVersion: app.APIVersion, Kind: app.Kind, Name: "test", SLO: app.SLO{Latency: ms(1000)},
		Services: services,
		Users: app.Users{Journeys: []app.Journey{{
			Name: "j", Weight: 1, Steps: []app.Step{{Service: services[0].Name, Endpoint: services[0].Endpoints[0].Name}},
		}}},
	}
	a.Complete()
	return a
}

// poisson is journeys of kind 0 at a constant rate, by a stream of its own.
type poisson struct {
	rate   float64
	random stream
	next   Visit
	taken  []float64
}

func newPoisson(rate float64) *poisson {
	p := &poisson{rate: rate, random: newStream(99, 7)}
	p.next.At = p.random.exponential() / rate
	return p
}

func (p *poisson) Next() (Visit, bool) { return p.next, true }
func (p *poisson) Take() {
	p.taken = append(p.taken, p.next.At)
	p.next.At += p.random.exponential() / p.rate
}
func (p *poisson) Done(float64, Visit) bool { return false }

func start(t testing.TB, a *app.Application, l Load) *Engine {
	t.Helper()
	if err := a.Validate(); err != nil {
		t.Fatal(err)
	}
	e, err := New(a, 1)
	if err != nil {
		t.Fatal(err)
	}
	e.SetLoad(l)
	return e
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*math.Abs(want)) {
		t.Errorf("%s is %.6g, want %.6g within %g %%", what, got, want, 100*tolerance)
	}
}
