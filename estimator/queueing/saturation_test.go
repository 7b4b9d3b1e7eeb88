package queueing

import (
	"math"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
)

// observed returns a station of one replica with the given CPU, latencies and a
// completion rate of 100 per second at every step of 30 s.
func observed(cpu float64, latencies ...float64) *station {
	s := stationOf(ramp(100, 100, len(latencies)), []float64{1}, 0, cpu)
	s.Latency = latencies
	return s
}

func TestSaturationDegree(t *testing.T) {
	c := DefaultConfig()
	tests := []struct {
		cpu, self, unloaded float64
		want                float64
	}{
		{0.5, 0.1, 0.05, 0},
		{0.85, 0.1, 0.05, 0},
		{0.9, 0.1, 0.05, 0.5},
		{0.99, 0.1, 0.05, 1},
		{1.2, missing, missing, 1},
		{0.4, 2, 0.05, 0}, // slow, but not for lack of CPU
	}
	for _, tt := range tests {
		got := observeSaturation(observed(tt.cpu, 0.1, 0.1), c, tt.self, demand.Curve{Unloaded: tt.unloaded, Growth: 1})
		if math.Abs(got.degree-tt.want) > 1e-9 {
			t.Errorf("cpu %v, self %v, unloaded %v: saturated to %v, want %v", tt.cpu, tt.self, tt.unloaded, got.degree, tt.want)
		}
	}
}

// A burst within a step saturates a service whose mean utilisation over the step is moderate. Its queue
// tells.
func TestLimitWithinAStep(t *testing.T) {
	curve := demand.Curve{Unloaded: 0.05, Growth: 1}
	for name, c := range map[string]struct {
		cpu, before, now float64 // latency in seconds
		want             float64 // requests per second behind 100 that were answered
	}{
		"a burst":                       {0.6, 0.05, 1.05, 150 + 100/20.},
		"slow for another reason":       {0.3, 0.05, 1.05, 100},
		"slow all the time":             {0.6, 1.05, 1.05, 100},
		"a latency that load explains":  {0.6, 0.05, 0.2, 100},
		"with the limit reached at all": {0.99, 0.05, 1.05, 250 + 100/20.},
	} {
		s := observeSaturation(observed(c.cpu, c.before, c.before, c.now), DefaultConfig(), c.now, curve)
		if s.unexplained { // and no callee is saturated
			s.degree = 1
		}
		if got := s.hidden(100, 0); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %v requests per second, want %v", name, got, c.want)
		}
	}
}

func TestHiddenDemand(t *testing.T) {
	steady := observeSaturation(observed(1, 5, 5, 5), DefaultConfig(), missing, demand.Curve{Unloaded: missing})
	if got := steady.hidden(100, 1); got != 100 {
		t.Errorf("a saturated service whose load a season expects hides a demand of %v, want the answered 100", got)
	}
	if got := steady.hidden(100, 0); got != 250 {
		t.Errorf("closed loop at its limit: %v requests per second, want growth to 250", got)
	}
	if got := steady.blocked(100, 1); got != 100 {
		t.Errorf("a waiting service without growing latency gets %v requests per second, want 100", got)
	}
	draining := observeSaturation(observed(1, 20, 15, 10), DefaultConfig(), missing, demand.Curve{Unloaded: missing})
	if got := draining.hidden(100, 0); got != 100 {
		t.Errorf("shrinking backlog: %v requests per second, want what is answered, 100", got)
	}
	grown := observed(1, 20, 20, 20)
	grown.Requests[2] = 200
	if got := observeSaturation(grown, DefaultConfig(), missing, demand.Curve{Unloaded: missing}).hidden(200, 0); got != 200 {
		t.Errorf("new replicas work the backlog off: %v requests per second, want the 200 answered", got)
	}
	// 100/s with 7.5 s more than at best are 750 requests to clear in a third of a minute.
	queued := observeSaturation(observed(1, 0.5, 8, 8, 8), DefaultConfig(), missing, demand.Curve{Unloaded: missing})
	if got := queued.hidden(100, 0); !near(got, 287.5, 1e-9) {
		t.Errorf("queue of 750 requests: %v requests per second, want 287.5", got)
	}
	risen := observeSaturation(observed(1, 0.5, 0.5), DefaultConfig(), 0.5, demand.Curve{Unloaded: 0.05, Growth: 1})
	if got := risen.hidden(100, 0); got != 150 {
		t.Errorf("at its limit without a queue: %v requests per second, want growth to 150", got)
	}
	idle := observeSaturation(observed(0.3, 0.1, 20), DefaultConfig(), missing, demand.Curve{Unloaded: missing})
	if got := idle.hidden(100, 0); got != 100 {
		t.Errorf("a slow service with idle CPU: %v requests per second, want 100", got)
	}
}

// A busy caller whose latency its CPU cannot explain has a queue of its own, unless it waits
// for a callee without replicas to spare.
func TestQueueOfABusyCaller(t *testing.T) {
	for _, tt := range []struct {
		name         string
		busy, callee float64 // utilisation
		latency      float64 // of the last steps, in seconds
		want         float64
	}{
		{"CPU lags, latency tells", 0.82, 0.5, 2, 250},
		{"as long as without load", 0.82, 0.5, 0.1, 0},
		{"slow, but not for lack of CPU", 0.4, 0.5, 2, 0},
		{"waits", 0.82, 1, 2, 100},
	} {
		stations := []station{*stationOf(ramp(100, 100, 5), []float64{1}, 0, tt.busy), *stationOf(ramp(100, 100, 5), []float64{1}, 0, tt.callee)}
		for step := range 5 {
			stations[0].Latency[step], stations[1].Latency[step] = 0.1, 0.01
			if step > 1 {
				stations[0].Latency[step] = tt.latency
			}
		}
		net := newNetwork(stations, &estimator.CallGraph{Calls: []estimator.Call{
			{Source: estimator.Outside, Destination: 0, Rate: 100}, {Source: 0, Destination: 1, Rate: 100},
		}})
		l := net.observeLatencies(stations)
		l.curves[0] = demand.Curve{Unloaded: 0.02, Growth: 1}
		got := net.findHidden(DefaultConfig(), stations, l, net.observeArrivals(stations, 4, 15*time.Second), make([]float64, 2)).rates[0]
		if math.Abs(got-tt.want) > 60 {
			t.Errorf("%s: at least %v requests per second, want about %v", tt.name, got, tt.want)
		}
	}
}

// A caller that waits for a callee that has become saturated answers less than before,
// while four times as much may arrive.
func TestOnsetOfSaturation(t *testing.T) {
	caller := stationOf([]float64{100, 100, 100, 100, 60}, []float64{2}, 0.01, 0)
	callee := func(rates ...float64) *station { return stationOf(rates, []float64{1}, 1./200, 0) }
	tests := []struct {
		name           string
		callee         *station
		caller, itself float64
	}{
		{"a jump", callee(100, 100, 100, 100, 200), 400, 500},
		{"no saturation", callee(100, 100, 100, 100, 160), 0, 0},
		{"a bottleneck that lasts", callee(200, 200, 200, 200, 200), 60, 500},
		{"already twice the load", callee(60, 60, 60, 150, 200), 400, 500},
	}
	for _, tt := range tests {
		stations := []station{*caller, *tt.callee}
		net := newNetwork(stations, &estimator.CallGraph{Calls: []estimator.Call{
			{Source: estimator.Outside, Destination: 0, Rate: 100}, {Source: 0, Destination: 1, Rate: 100},
		}})
		got := net.findHidden(DefaultConfig(), stations, net.observeLatencies(stations), net.observeArrivals(stations, 4, 15*time.Second), make([]float64, len(stations))).rates
		if !near(got[0], tt.caller, 1e-9) || !near(got[1], tt.itself, 1e-9) {
			t.Errorf("%s: at least %v requests per second for the caller and %v for the callee, want %v and %v", tt.name, got[0], got[1], tt.caller, tt.itself)
		}
	}
	if got := callee(60, 60, missing, 150, 200).calm(3, time.Minute); got != 60 {
		t.Errorf("the least load of the minute before is %v requests per second, want 60", got)
	}
}
