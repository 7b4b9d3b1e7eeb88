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
