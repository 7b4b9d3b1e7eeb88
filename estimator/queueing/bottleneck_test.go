package queueing

import (
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

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
