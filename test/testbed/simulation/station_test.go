package simulation_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/load"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

// describe decodes an application from its services and calls; users request front's GET /.
func describe(t testing.TB, services string) *app.Application {
	t.Helper()
	a, err := app.Decode([]byte(`apiVersion: testbed.deepscaler.io/v1alpha1
kind: Application
name: test
slo: {latency: 1s}
users:
  journeys:
  - {name: visit, weight: 1, steps: [{service: front, endpoint: GET /}]}
services:
` + services))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// station describes one service of a single replica.
func station(t testing.TB, cores string, distribution app.Distribution) *app.Application {
	t.Helper()
	return describe(t, fmt.Sprintf(`
- name: front
  replicas: 1
  concurrency: 100000
  timeout: 1h
  resources: {limits: {cpu: %s, memory: 1Gi}}
  demand: {cpu: 10ms, distribution: %s}
  endpoints: [{name: GET /}]
`, cores, distribution))
}

func poisson(t testing.TB, e *simulation.Engine, rps float64) {
	t.Helper()
	weights, err := e.Application().Users.Mix(app.DefaultMix)
	if err != nil {
		t.Fatal(err)
	}
	l, err := load.NewOpen(e.Application(), weights, load.Profile{rps}, 7, e.Now())
	if err != nil {
		t.Fatal(err)
	}
	e.SetLoad(l)
}

func engine(t testing.TB, a *app.Application) *simulation.Engine {
	t.Helper()
	e, err := simulation.New(a, 1)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// within reports whether got is within a relative tolerance of want.
func within(got, want, tolerance float64) bool { return math.Abs(got-want) <= tolerance*want }

// Processor sharing with Poisson arrivals: E[T] = s ÷ (1 − ρ) on one core, whatever the
// distribution of the demand; on two cores, where a job uses one at most, that of M/M/2.
func TestMeanResponseOfProcessorSharing(t *testing.T) {
	const demand = 0.010
	for name, tc := range map[string]struct {
		cores        string
		distribution app.Distribution
		rps, want    float64
	}{
		"M/M/1-PS at 0.6": {"1", app.Exponential, 60, demand / 0.4},
		"M/D/1-PS at 0.6": {"1", app.Constant, 60, demand / 0.4},
		"M/M/1-PS at 0.8": {"1", app.Exponential, 80, demand / 0.2},
		// E[T] = s ÷ (1 − ρ²) for two servers.
		"M/M/2 at 0.7": {"2", app.Exponential, 140, demand / (1 - 0.49)},
		// A fifth of a core: the same queue, five times slower.
		"throttled at 0.6": {"200m", app.Exponential, 12, 5 * demand / 0.4},
	} {
		e := engine(t, station(t, tc.cores, tc.distribution))
		poisson(t, e, tc.rps)
		e.Run(20_000)
		if got := e.TakeResponses().Mean(); !within(got, tc.want, 0.05) {
			t.Errorf("%s: mean response %.4f s, want %.4f", name, got, tc.want)
		}
	}
}

// The utilisation law: CPU time is the demand of what was served, and idle time comes
// on top.
func TestUtilisationLaw(t *testing.T) {
	a := station(t, "1", app.Exponential)
	a.Services[0].Idle.CPU = 0.05
	e := engine(t, a)
	poisson(t, e, 40)
	const seconds = 5000
	e.Run(seconds)
	got := e.Totals(0)
	if want := 0.010*float64(got.Requests) + 0.05*seconds; !within(got.CPU, want, 0.02) {
		t.Errorf("%.1f core-seconds for %d requests, want %.1f", got.CPU, got.Requests, want)
	}
	if got.Ready != seconds || got.Limit != seconds {
		t.Errorf("%v replica-seconds, %v core-seconds of limit; want %v of both", got.Ready, got.Limit, seconds)
	}
}

// No request is lost: when arrivals end, everything that came has ended.
func TestEveryRequestEnds(t *testing.T) {
	e := engine(t, station(t, "1", app.Exponential))
	weights, _ := e.Application().Users.Mix(app.DefaultMix)
	l, err := load.NewOpen(e.Application(), weights, load.Profile{90}, 3, 0)
	if err != nil {
		t.Fatal(err)
	}
	counted := &counter{Load: l}
	e.SetLoad(counted)
	e.Run(1000)
	counted.closed = true
	e.Run(2000)
	if got := e.TakeResponses(); got.Count != counted.taken || got.Failures != 0 || uint64(len(got.Seconds)) != got.Count {
		t.Errorf("%d visits: %d responses, %d failures, %d times", counted.taken, got.Count, got.Failures, len(got.Seconds))
	}
	if in := e.Pods()[0].Memory; in != 0 {
		t.Errorf("something is still in flight: %v bytes", in)
	}
}

type counter struct {
	simulation.Load
	taken  uint64
	closed bool
	visits []simulation.Visit
}

func (c *counter) Next() (simulation.Visit, bool) {
	if c.closed {
		return simulation.Visit{}, false
	}
	return c.Load.Next()
}

func (c *counter) Take() {
	v, _ := c.Load.Next()
	c.visits = append(c.visits, v)
	c.taken++
	c.Load.Take()
}

// Saved CPU lets a quiet replica run at the speed of a core above its limit.
func TestBurst(t *testing.T) {
	a := station(t, "200m", app.Constant)
	e := engine(t, a)
	poisson(t, e, 0.5)
	e.Run(2000)
	if got := e.TakeResponses().Mean(); !within(got, 0.050, 0.05) {
		t.Errorf("without burst: %.4f s for 10 ms of CPU at a fifth of a core, want 0.050", got)
	}
	a.Services[0].Burst = app.Duration(100e6)
	e = engine(t, a)
	poisson(t, e, 0.5)
	e.Run(2000)
	if got := e.TakeResponses().Mean(); !within(got, 0.010, 0.05) {
		t.Errorf("with burst: %.4f s, want 0.010", got)
	}
}
