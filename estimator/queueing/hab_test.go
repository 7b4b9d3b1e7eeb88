package queueing

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

func newHAB(t testing.TB, change ...func(*Config)) *HAB {
	t.Helper()
	c := DefaultConfig()
	for _, f := range change {
		f(&c)
	}
	e, err := NewHAB(c)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func newMMN(t testing.TB) *MMN {
	t.Helper()
	e, err := NewMMN(DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// needs returns the highest need of every service, NaN where one is unknown.
func needs(t testing.TB, e estimator.Estimator, w *estimator.Window) []float64 {
	t.Helper()
	f, err := e.Estimate(context.Background(), w)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float64, len(f.Services))
	for i := range out {
		for h := range f.Horizon {
			out[i] = max(out[i], f.At(i, h))
		}
	}
	return out
}

func entry(name string, rate float64) map[string]float64 { return map[string]float64{name: rate} }

// knownRate returns w with a rate that the first service had before, on as many more replicas, so that
// it is no ramp when the rate comes again.
func knownRate(w *estimator.Window, rate float64) *estimator.Window {
	const step = 3
	requests, replicas := w.Channel(estimator.Requests), w.Channel(estimator.Replicas)
	w.Set(0, step, replicas, w.At(0, step, replicas)*rate/w.At(0, step, requests))
	w.Set(0, step, requests, rate)
	return w
}

// after runs a model under a steady load and returns its window.
func after(m *fluid, steps int, outside map[string]float64, traced bool) *estimator.Window {
	for range steps {
		m.advance(outside)
	}
	return m.window(12, m.graph(outside, traced))
}

func TestHABSizesASteadyChainForItsTarget(t *testing.T) {
	for _, traced := range []bool{false, true} {
		got := needs(t, newHAB(t), after(chainModel(), 12, entry("a", 100), traced))
		// Offered loads of 3, 2.4 and 1.2 replicas at a utilisation of 0.65.
		for i, offered := range []float64{3, 2.4, 1.2} {
			if want := max(offered/0.65, offered+0.5*math.Sqrt(offered)); !near(got[i], want, 1e-6) {
				t.Errorf("traced %v: service %d needs %v replicas, want %v", traced, i, got[i], want)
			}
		}
	}
}

// TestHABMovesTheWholeChainAtOnce doubles the load at the entry, in its newest
// sample alone. The services behind it follow in the same forecast, while each
// by itself has nothing to see yet (paper §II-C, Definition 2.1).
func TestHABMovesTheWholeChainAtOnce(t *testing.T) {
	for _, traced := range []bool{false, true} {
		w := knownRate(after(chainModel(), 12, entry("a", 100), traced), 200)
		joint, alone := needs(t, newHAB(t), w), needs(t, newMMN(t), w)
		w.Set(0, 11, w.Channel(estimator.Requests), 200)
		jointAfter, aloneAfter := needs(t, newHAB(t), w), needs(t, newMMN(t), w)
		for i := range joint {
			if ratio := jointAfter[i] / joint[i]; ratio < 1.8 || ratio > 2.05 {
				t.Errorf("traced %v: HAB gives service %d %.2f times its replicas, want about 2", traced, i, ratio)
			}
			if i > 0 && aloneAfter[i] != alone[i] {
				t.Errorf("MMN moves service %d from %v to %v, want no change", i, alone[i], aloneAfter[i])
			}
		}
	}
}

// TestBottleneckHidesItsCallees is Fig. 3(a) of the paper: A is overloaded and
// passes on only what it can serve. Scaling A alone would make B and C the next
// bottleneck.
func TestBottleneckHidesItsCallees(t *testing.T) {
	m := chainModel()
	m.services[1].replicas, m.services[2].replicas = 5, 3
	after(m, 10, entry("a", 100), false)
	w := after(m, 2, entry("a", 300), false)
	w.Calls = m.graph(entry("a", 100), false)
	joint, alone := needs(t, newHAB(t), w), needs(t, newMMN(t), w)
	// 300 requests per second keep 9, 7.2 and 3.6 replicas busy.
	for i, busy := range []float64{9, 7.2, 3.6} {
		if joint[i] < busy || joint[i] > 3*busy {
			t.Errorf("HAB gives service %d %.1f replicas, want more than the %v that the hidden load keeps busy", i, joint[i], busy)
		}
	}
	for i, busy := range []float64{7.2, 3.6} {
		if alone[i+1] > busy {
			t.Errorf("MMN gives service %d %.1f replicas although its own telemetry shows no such load", i+1, alone[i+1])
		}
	}
}

// TestWaitingServicesAreNotScaledAsIfBusy overloads the last service. Those
// before it are slow with idle CPU.
func TestWaitingServicesAreNotScaledAsIfBusy(t *testing.T) {
	m := chainModel()
	m.services[0].replicas, m.services[1].replicas = 20, 16
	after(m, 9, entry("a", 100), false)
	w := after(m, 3, entry("a", 400), false)
	w.Calls = m.graph(entry("a", 100), false)
	got := needs(t, newHAB(t), w)
	if latency := w.At(0, 11, w.Channel(estimator.Latency)); latency < 10 {
		t.Fatalf("the entry answers in %v s, want it to wait for its callees", latency)
	}
	if got[2] < 4.8 {
		t.Errorf("the saturated service gets %.1f replicas of the 4.8 that the load keeps busy", got[2])
	}
	for i, present := range []float64{20, 16} {
		if got[i] < present || got[i] > 2*present {
			t.Errorf("waiting service %d gets %.1f replicas, want no less than its %v and no panic", i, got[i], present)
		}
	}
}

func TestSaturationNeverShrinksAnythingOnItsPaths(t *testing.T) {
	m := chainModel()
	m.services[0].replicas = 40 // far more than the load needs
	m.services[2].replicas = 1
	w := after(m, 12, entry("a", 100), false)
	if got := needs(t, newHAB(t), w); got[0] < 40 {
		t.Errorf("the entry shrinks from 40 to %.1f replicas while a callee hides its load", got[0])
	}
	m = chainModel()
	m.services[0].replicas = 40
	m.services[2].replicas = 3
	if got := needs(t, newHAB(t), after(m, 12, entry("a", 100), false)); got[0] > 5 {
		t.Errorf("the entry keeps %.1f replicas without any saturation, want about 4.6", got[0])
	}
}

// TestSaturationHidesTheLoadOfItsSiblings has an entry that waits for one of its
// two callees and therefore calls the other less.
func TestSaturationHidesTheLoadOfItsSiblings(t *testing.T) {
	fork := func(sibling float64) *fluid {
		return &fluid{step: 30 * time.Second, services: []fluidService{
			{name: "entry", demand: 0.01, replicas: 10},
			{name: "log", demand: 0.02, replicas: 4},
			{name: "slow", demand: 0.02, replicas: 4},
			{name: "sibling", demand: 0.02, replicas: sibling},
		}, calls: []edge{{0, 1, 1}, {1, 2, 1}, {0, 3, 1}}}
	}
	overload := func(m *fluid) *estimator.Window {
		after(m, 9, entry("entry", 100), false)
		// The entry makes its calls one after the other: what waits for the
		// first has not called the second yet.
		m.services[1].replicas = 12
		w := after(m, 3, entry("entry", 400), false)
		for step := 9; step < 12; step++ {
			w.Set(3, step, w.Channel(estimator.Requests), 200)
			w.Set(3, step, w.Channel(estimator.CPU), 200*0.02/m.services[3].replicas)
			w.Set(3, step, w.Channel(estimator.Latency), 0.03)
		}
		w.Calls = m.graph(entry("entry", 100), false)
		return w
	}
	if got := needs(t, newHAB(t), overload(fork(6))); got[3] < 8 {
		t.Errorf("the sibling gets %.1f replicas, want the 8 that the load will keep busy when the wait is over", got[3])
	}
	if got := needs(t, newHAB(t), overload(fork(60))); got[3] < 60 {
		t.Errorf("the sibling shrinks from 60 to %.1f replicas while its load is hidden", got[3])
	}
}

// TestLongWaitIsNotTakenForExpensiveRequests overloads the last service for
// longer than the window. Those before it answer fewer requests than they work
// on in every step.
func TestLongWaitIsNotTakenForExpensiveRequests(t *testing.T) {
	m := chainModel()
	m.services[0].replicas, m.services[1].replicas = 20, 16
	w := after(m, 16, entry("a", 400), false)
	w.Calls = m.graph(entry("a", 100), false)
	got := needs(t, newHAB(t), w)
	for i, present := range []float64{20, 16} {
		if got[i] < present || got[i] > 1.3*present {
			t.Errorf("waiting service %d gets %.1f replicas, want about its %v", i, got[i], present)
		}
	}
}

func TestHABServesSeveralEntries(t *testing.T) {
	// BookInfo with every page requested directly, as its load generator does.
	m := &fluid{step: 30 * time.Second, services: []fluidService{
		{name: "productpage", demand: 0.02, replicas: 4},
		{name: "details", demand: 0.01, replicas: 4},
		{name: "reviews", demand: 0.015, replicas: 6},
		{name: "ratings", demand: 0.005, replicas: 4},
	}, calls: []edge{{0, 1, 1}, {0, 2, 1}, {2, 3, 1}}}
	pages := map[string]float64{"productpage": 50, "details": 50, "reviews": 50, "ratings": 50}
	for _, traced := range []bool{false, true} {
		w := after(m, 12, pages, traced)
		before := needs(t, newHAB(t), w)
		for i, busy := range []float64{1, 1, 1.5, 0.75} {
			if want := busy / 0.65; !near(before[i], want, 0.01) { // a calm load needs no headroom
				t.Errorf("traced %v: service %d needs %.2f replicas, want %.2f", traced, i, before[i], want)
			}
		}
		w.Set(3, 11, w.Channel(estimator.Requests), 450)
		got := needs(t, newHAB(t), w)
		if got[3] < 2.2 || got[0] > 1.01*before[0] || got[2] > 1.01*before[2] {
			t.Errorf("traced %v: ratings triples by itself, needs went from %.2f to %.2f", traced, before, got)
		}
	}
}

func TestHABSizesOnlineBoutique(t *testing.T) {
	m := boutiqueModel()
	w := knownRate(after(m, 12, entry("frontend", 60), false), 120)
	before := needs(t, newHAB(t), w)
	w.Set(0, 11, w.Channel(estimator.Requests), 120)
	for i, n := range needs(t, newHAB(t), w) {
		if ratio := n / before[i]; ratio < 1.4 || ratio > 2.05 {
			t.Errorf("%s goes to %.2f times its replicas for twice the load", w.Services[i], ratio)
		}
	}
}

func TestHABFollowsAChangeOfTheMix(t *testing.T) {
	m := boutiqueModel()
	before := after(m, 10, entry("frontend", 40), false)
	checkout := &m.calls[0]
	checkout.ratio *= 4
	w := after(m, 2, entry("frontend", 40), false)
	w.Calls = before.Calls // the graph lags behind
	service := m.index("checkout")
	ratio := needs(t, newHAB(t), w)[service] / needs(t, newHAB(t), before)[service]
	if ratio < 1.8 {
		t.Errorf("checkout gets %.2f times its replicas for four times the checkouts, which its own telemetry shows", ratio)
	}
}

// TestHABDoesNotBelieveAGraphAgainstTheTelemetry names five times the calls
// that the callee answers, in a loop.
func TestHABDoesNotBelieveAGraphAgainstTheTelemetry(t *testing.T) {
	w := after(chainModel(), 12, entry("a", 100), false)
	want := needs(t, newHAB(t), w)
	w.Calls.Calls = append(w.Calls.Calls, estimator.Call{Source: 2, Destination: 1, Rate: 1000})
	for i, n := range needs(t, newHAB(t), w) {
		if n > 1.2*want[i] {
			t.Errorf("service %d needs %.2f replicas by a graph that its requests refute, want %.2f", i, n, want[i])
		}
	}
}

func TestHABNeedsAGraph(t *testing.T) {
	w := after(chainModel(), 12, entry("a", 100), false)
	w.Calls = nil
	if _, err := newHAB(t).Estimate(context.Background(), w); !errors.Is(err, estimator.ErrInsufficientData) {
		t.Errorf("without a graph: %v, want %v", err, estimator.ErrInsufficientData)
	}
}

func TestHorizonCoversTheLeadTime(t *testing.T) {
	for step, want := range map[time.Duration]int{
		2 * time.Second: 30, 15 * time.Second: 4, 25 * time.Second: 3, time.Minute: 1, 10 * time.Minute: 1,
	} {
		w := after(chainModel(), 12, entry("a", 100), false)
		w.Step = step
		f, err := newHAB(t).Estimate(context.Background(), w)
		if err != nil {
			t.Fatal(err)
		}
		if f.Horizon != want || f.Step != step {
			t.Errorf("forecast has %d steps of %v, want %d of %v", f.Horizon, f.Step, want, step)
		}
	}
	fixed := newHAB(t, func(c *Config) { c.Horizon = 7 })
	f, err := fixed.Estimate(context.Background(), after(chainModel(), 12, entry("a", 100), false))
	if err != nil || f.Horizon != 7 {
		t.Errorf("forecast with %v, want 7 steps as configured", err)
	}
}

// TestReplicasOfSteadyCalls has two services, one behind the other, that are 0.6 busy
// with four replicas each: without an SLO that is 0.05 below the target, so a part
// of the fourth replica is still needed.
func TestReplicasOfSteadyCalls(t *testing.T) {
	services := []estimator.Service{{Namespace: "shop", Name: "cart"}, {Namespace: "shop", Name: "web"}}
	w := estimator.NewWindow(services, estimator.DefaultFeatures(), 12, 30*time.Second, time.Unix(1_700_000_000, 0))
	w.Calls = &estimator.CallGraph{Calls: []estimator.Call{
		{Source: estimator.Outside, Destination: 1, Rate: 100}, {Source: 1, Destination: 0, Rate: 100},
	}}
	for n, latency := range []float64{0.02, 0.05} {
		for step := range w.Steps {
			for c, v := range []float64{4, 0.6, latency, 100, 0.4} {
				w.Set(n, step, c, v)
			}
		}
	}
	for i, n := range needs(t, newHAB(t), w) {
		if want := 4 * 0.6 / 0.65; !near(n, want, 1e-9) {
			t.Errorf("%v needs %v replicas, want %v", services[i], n, want)
		}
	}
}
