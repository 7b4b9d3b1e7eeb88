package queueing

import (
	"math"
	"testing"

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
		{0.82, 2, 0.05, 1}, // CPU lags, latency tells
		{0.4, 2, 0.05, 0},  // slow, but not for lack of CPU
	}
	for _, tt := range tests {
		got := observeSaturation(observed(tt.cpu, 0.1, 0.1), c, tt.self, demand.Curve{Unloaded: tt.unloaded, Growth: 1})
		if math.Abs(got.degree-tt.want) > 1e-9 {
			t.Errorf("cpu %v, self %v, unloaded %v: saturated to %v, want %v", tt.cpu, tt.self, tt.unloaded, got.degree, tt.want)
		}
	}
}

func TestHiddenDemand(t *testing.T) {
	steady := observeSaturation(observed(1, 5, 5, 5), DefaultConfig(), missing, demand.Curve{Unloaded: missing})
	if got := steady.hidden(100); got != 250 {
		t.Errorf("closed loop at its limit: %v requests per second, want growth to 250", got)
	}
	if got := steady.blocked(100, 1); got != 100 {
		t.Errorf("a waiting service without growing latency gets %v requests per second, want 100", got)
	}
	draining := observeSaturation(observed(1, 20, 15, 10), DefaultConfig(), missing, demand.Curve{Unloaded: missing})
	if got := draining.hidden(100); got != 100 {
		t.Errorf("shrinking backlog: %v requests per second, want what is answered, 100", got)
	}
	grown := observed(1, 20, 20, 20)
	grown.Requests[2] = 200
	if got := observeSaturation(grown, DefaultConfig(), missing, demand.Curve{Unloaded: missing}).hidden(200); got != 200 {
		t.Errorf("new replicas work the backlog off: %v requests per second, want the 200 answered", got)
	}
	// 100/s with 7.5 s more than at best are 750 requests to clear in a third of a minute.
	queued := observeSaturation(observed(1, 0.5, 8, 8, 8), DefaultConfig(), missing, demand.Curve{Unloaded: missing})
	if got := queued.hidden(100); !near(got, 287.5, 1e-9) {
		t.Errorf("queue of 750 requests: %v requests per second, want 287.5", got)
	}
	idle := observeSaturation(observed(0.3, 0.1, 20), DefaultConfig(), missing, demand.Curve{Unloaded: missing})
	if got := idle.hidden(100); got != 100 {
		t.Errorf("a slow service with idle CPU: %v requests per second, want 100", got)
	}
}
