package queueing

import (
	"math"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

// alone returns a window of one service under a steady load, with the latency
// of a request that meets no other.
func alone(rate, perRequest, replicas, unloaded float64) *estimator.Window {
	w := estimator.NewWindow([]estimator.Service{{Namespace: "shop", Name: "a"}}, estimator.DefaultFeatures(), 12, 30*time.Second, time.Unix(1_700_000_000, 0))
	cpu := rate * perRequest / replicas
	for step := range w.Steps {
		w.Set(0, step, w.Channel(estimator.Requests), rate)
		w.Set(0, step, w.Channel(estimator.Replicas), replicas)
		w.Set(0, step, w.Channel(estimator.CPU), cpu)
		w.Set(0, step, w.Channel(estimator.Latency), unloaded/max(0.01, 1-cpu))
	}
	return w
}

// TestMMNIsTheLeastNumberThatKeepsTheSLO checks every answer against the
// response time of M/M/n.
func TestMMNIsTheLeastNumberThatKeepsTheSLO(t *testing.T) {
	c := DefaultConfig()
	c.SLO, c.MinUtilisation, c.MaxUtilisation, c.Headroom = 100*time.Millisecond, 0.05, 0.99, 0
	e, err := NewMMN(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, rate := range []float64{5, 50, 400, 3000} {
		for _, unloaded := range []float64{0.02, 0.05, 0.09} {
			const perRequest = 0.02
			n := needs(t, e, alone(rate, perRequest, math.Ceil(rate*perRequest/0.6), unloaded))[0]
			offered, stretch := rate*perRequest, 0.1/unloaded
			if n != math.Trunc(n) || meanStretch(n, offered) > stretch*(1+1e-6) {
				t.Errorf("%v erlangs: %v replicas stretch %v times, want at most %v", offered, n, meanStretch(n, offered), stretch)
			}
			if n-1 >= offered/0.99 && meanStretch(n-1, offered) <= stretch*(1-1e-6) {
				t.Errorf("%v erlangs: %v replicas, but one less keeps the stretch of %v", offered, n, stretch)
			}
		}
	}
}

func TestMMNStaysBetweenItsUtilisations(t *testing.T) {
	for _, slo := range []time.Duration{time.Millisecond, time.Minute} {
		c := DefaultConfig()
		c.SLO = slo
		e, err := NewMMN(c)
		if err != nil {
			t.Fatal(err)
		}
		n := needs(t, e, alone(1000, 0.05, 80, 0.05))[0]
		if low, high := math.Ceil(50/0.8), math.Ceil(50/0.5); n < low || n > high {
			t.Errorf("SLO %v: %v replicas for 50 erlangs, want %v to %v", slo, n, low, high)
		}
	}
}

func TestMMNNeedsNoGraph(t *testing.T) {
	w := after(chainModel(), 12, entry("a", 100), false)
	with := needs(t, newMMN(t), w)
	w.Calls = nil
	for i, n := range needs(t, newMMN(t), w) {
		if n != with[i] {
			t.Errorf("service %d needs %v replicas without a graph and %v with one", i, n, with[i])
		}
	}
}

func TestMMNGrowsOutOfSaturation(t *testing.T) {
	w := alone(1000, 0.01, 10, 0.00005) // all ten busy, latency level: a closed loop
	if n := needs(t, newMMN(t), w)[0]; n < 15/0.8 {
		t.Errorf("ten saturated replicas get %v, want half as many requests again at 0.8", n)
	}
}

// TestMMNHoldsUnderASpike has CPU at its limit for one step that no request
// explains.
func TestMMNHoldsUnderASpike(t *testing.T) {
	w := alone(300, 0.01, 10, 0.005)
	if n := needs(t, newMMN(t), w)[0]; n > 6 {
		t.Fatalf("%v replicas for three erlangs", n)
	}
	w.Set(0, 11, w.Channel(estimator.CPU), 0.97)
	if n := needs(t, newMMN(t), w)[0]; n < 10 {
		t.Errorf("ten replicas at their limit are scaled in to %v", n)
	}
}

// TestMMNFillsInForHAB is the hand-over that the adapter serves by.
func TestMMNFillsInForHAB(t *testing.T) {
	both := estimator.First(newHAB(t), newMMN(t))
	w := after(chainModel(), 12, entry("a", 100), false)
	joint, single := needs(t, newHAB(t), w), needs(t, newMMN(t), w)
	for i, n := range needs(t, both, w) {
		if n != joint[i] {
			t.Errorf("with a graph service %d needs %v, want HAB's %v", i, n, joint[i])
		}
	}
	w.Calls = nil
	for i, n := range needs(t, both, w) {
		if n != single[i] {
			t.Errorf("without a graph service %d needs %v, want MMN's %v", i, n, single[i])
		}
	}
}
