package simulation

import (
	"fmt"
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

// Over a sweep of loads and cores a replica is an M/M/n station under processor sharing:
// utilisation is that of the utilisation law, and the mean response s + s·C(n, a) ÷ (n − a)
// with Erlang's C, within 3 %.
func TestStationOverASweep(t *testing.T) {
	const demand = 0.010
	for _, cores := range []int{1, 2, 4} {
		for _, utilisation := range []float64{0.2, 0.4, 0.6, 0.8} {
			n := float64(cores)
			offered := utilisation * n
			e := start(t, single(func(s *app.Service) { s.Resources.Limits.CPU = app.CPU(n) }), newPoisson(offered/demand))
			// The closer to saturation, the longer the memory of a queue and so the run.
			duration := 300 / (n * (1 - utilisation) * (1 - utilisation))
			e.Run(duration)
			r := e.Totals(0)
			what := fmt.Sprintf("%d cores at %v", cores, utilisation)
			near(t, what+": utilisation", r.CPU/r.Limit, utilisation, 0.03)
			near(t, what+": response", r.Seconds/float64(r.Requests), demand+demand*erlangC(cores, offered)/(n-offered), 0.03)
		}
	}
}

// erlangC is the probability that all of n servers are busy under so many erlangs.
func erlangC(n int, offered float64) float64 {
	blocked := 1.0 // Erlang's B, by recursion on the servers
	for k := 1; k <= n; k++ {
		blocked = offered * blocked / (float64(k) + offered*blocked)
	}
	utilisation := offered / float64(n)
	return blocked / (1 - utilisation + utilisation*blocked)
}
