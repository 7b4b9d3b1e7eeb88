package simulation

import (
	"math"
	"testing"

	"github.com/deepscaler/deepscaler/test/testbed/app"
)

// With one place for work the server is first come, first served: the response of
// M/M/1 is the same as under sharing, that of M/D/1 shorter (Pollaczek–Khinchine).
func TestQueueInFrontIsFirstInFirstOut(t *testing.T) {
	for family, want := range map[app.Distribution]float64{
		app.Exponential: 0.010 / (1 - 0.6),
		app.Constant:    0.010 + 0.6*0.010/(2*(1-0.6)),
	} {
		e := start(t, single(func(s *app.Service) {
			s.Concurrency = 1
			s.Demand.Distribution = family
		}), newPoisson(60))
		e.Run(2000)
		r := e.Totals(0)
		near(t, string(family)+": response", r.Seconds/float64(r.Requests), want, 0.08)
	}
}

// Little's law, on samples of the number of calls present.
func TestLittlesLaw(t *testing.T) {
	e := start(t, chainOf(2, nil), newPoisson(60))
	present, samples := 0.0, 0
	for second := 0.05; second < 1000; second += 0.05 {
		e.Run(second)
		samples++
		present += float64(e.replicas[0].inFlight())
	}
	r := e.Totals(0)
	near(t, "calls present", present/float64(samples), float64(r.Requests)/1000*r.Seconds/float64(r.Requests), 0.03)
}

// Work conservation: with more work than it can do, a replica uses exactly its
// limit, and at most what it had saved on top.
func TestCPULimitBinds(t *testing.T) {
	for burst, most := range map[app.Duration]float64{0: 0, ms(100): 0.1 * 0.5} {
		e := start(t, single(func(s *app.Service) {
			s.Resources.Limits.CPU, s.Idle.CPU, s.Burst = 0.6, 0.1, burst
			s.Queue = 10
			s.Concurrency = 20
		}), newPoisson(500))
		e.Run(100)
		used := e.Totals(0).CPU
		if want := 0.6*100 + most; math.Abs(used-want) > 0.01*want {
			t.Errorf("burst %v: %v core-seconds used in 100 s, want %v", burst.D(), used, want)
		}
		if used > 0.6*100+most+1e-6 {
			t.Errorf("burst %v: %v core-seconds used, the limit and what was saved are %v", burst.D(), used, 0.6*100+most)
		}
	}
}

// Time is a float64 of seconds: after days its resolution is coarser than that of
// attained service, and no event may then come to nothing for ever.
func TestRunsForDays(t *testing.T) {
	e := start(t, single(func(s *app.Service) { s.Resources.Limits.CPU = 0.2 }), newPoisson(0.5))
	e.Run(5 * 24 * 3600)
	if r := e.Totals(0); r.Requests < 200_000 {
		t.Errorf("%d requests in 5 days at 0.5 per second", r.Requests)
	}
}
