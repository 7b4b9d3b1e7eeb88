package demand

import (
	"math"
	"slices"
	"testing"
)

// queued reads the newest step of a service with the given latencies and a completion
// rate of 100 per second at every step of 30 s.
func queued(latencies ...float64) Queue {
	s := served(slices.Repeat([]float64{100}, len(latencies)), []float64{1}, 0, 1, nil)
	s.Latency = latencies
	return s.Queue(0, len(latencies)-1)
}

// TestArrivalsBehindAGrowingQueue feeds a first-come-first-served queue with λ
// and serves μ: a request that leaves at t has waited t·(1-μ/λ).
func TestArrivalsBehindAGrowingQueue(t *testing.T) {
	for _, ratio := range []float64{1, 1.25, 2, 3.5} {
		rise := 30 * (1 - 1/ratio)
		s := queued(10, 10+rise, 10+2*rise, 10+3*rise)
		if !near(s.Arrivals, ratio, 1e-9) {
			t.Errorf("arrivals are %v times completions, want %v", s.Arrivals, ratio)
		}
	}
	// The queue began with the newest step, whose mean is half its last value.
	first := queued(0.1, 0.1, 0.1+15*(1-1/2.0))
	if !near(first.Arrivals, 2, 1e-9) {
		t.Errorf("first step of a queue: arrivals are %v times completions, want 2", first.Arrivals)
	}
	timeout := queued(0.1, 60)
	if !near(timeout.Arrivals, 4, 1e-9) || timeout.Backlog > 60*100 {
		t.Errorf("latency jumps to a timeout: %+v, want at most four times the completions and a bounded backlog", timeout)
	}
}

func TestQueueWithoutLatency(t *testing.T) {
	for _, latencies := range [][]float64{{nan}, {0.1}, {nan, 0.1}, {0.1, 20, nan}} {
		if got := queued(latencies...); got != (Queue{Arrivals: 1}) {
			t.Errorf("latencies %v: %+v, want nothing hidden", latencies, got)
		}
	}
	if got := queued(0.1, 5, nan, 5); got.Arrivals != 1 || !near(got.Backlog, 490, 1e-12) {
		t.Errorf("a gap in a steady latency: %+v, want a backlog of 490 and no growth", got)
	}
}

func TestSaturation(t *testing.T) {
	for _, tt := range []struct{ utilisation, want float64 }{{0, 0}, {0.85, 0}, {0.875, 0.25}, {SaturatedFrom, 0.5}, {0.95, 1}, {1.3, 1}} {
		if got := Saturation(tt.utilisation); math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("saturated to %v at %v, want %v", got, tt.utilisation, tt.want)
		}
	}
	if !Saturated(SaturatedFrom) || Saturated(0.899) || Saturated(nan) {
		t.Error("a service is saturated from a utilisation of 0.9, and not where it is unknown")
	}
}
