package queueing

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

func estimators(t testing.TB) map[string]estimator.Estimator {
	return map[string]estimator.Estimator{"HAB": newHAB(t), "MMN": newMMN(t)}
}

// forget marks the samples of a service as missing in the given steps.
func forget(w *estimator.Window, service int, features []estimator.Feature, steps ...int) {
	for _, f := range features {
		for _, step := range steps {
			w.Set(service, step, w.Channel(f), missing)
		}
	}
}

func allSteps() []int {
	steps := make([]int, 12)
	for i := range steps {
		steps[i] = i
	}
	return steps
}

func TestMissingSamples(t *testing.T) {
	all := estimator.DefaultFeatures()
	tests := []struct {
		name    string
		spoil   func(w *estimator.Window)
		unknown []bool // by service
	}{
		{"a service vanished three steps ago", func(w *estimator.Window) { forget(w, 1, all, 9, 10, 11) }, []bool{false, true, false}},
		{"a lost scrape", func(w *estimator.Window) { forget(w, 1, all, 10, 11) }, []bool{false, false, false}},
		{"the newest step is late", func(w *estimator.Window) {
			for i := range 3 {
				forget(w, i, all, 11)
			}
		}, []bool{false, false, false}},
		{"a service that never had samples", func(w *estimator.Window) { forget(w, 0, all, allSteps()...) }, []bool{true, false, false}},
		{"no CPU limit", func(w *estimator.Window) {
			forget(w, 1, []estimator.Feature{estimator.CPU, estimator.Memory}, allSteps()...)
		}, []bool{false, true, false}},
		{"requests unknown", func(w *estimator.Window) { forget(w, 2, []estimator.Feature{estimator.Requests}, allSteps()...) }, []bool{false, false, true}},
		{"latency unknown", func(w *estimator.Window) {
			for i := range 3 {
				forget(w, i, []estimator.Feature{estimator.Latency}, allSteps()...)
			}
		}, []bool{false, false, false}},
		{"every third step lost", func(w *estimator.Window) {
			for i := range 3 {
				forget(w, i, all, 0, 3, 6, 9)
			}
		}, []bool{false, false, false}},
		{"a service that has just appeared", func(w *estimator.Window) { forget(w, 2, all, allSteps()[:11]...) }, []bool{false, false, true}},
	}
	for _, tt := range tests {
		for name, e := range estimators(t) {
			t.Run(tt.name+" "+name, func(t *testing.T) {
				good := needs(t, e, after(chainModel(), 12, entry("a", 100), false))
				w := after(chainModel(), 12, entry("a", 100), false)
				tt.spoil(w)
				for i, n := range needs(t, e, w) {
					if math.IsNaN(n) != tt.unknown[i] {
						t.Errorf("service %d needs %v, unknown should be %v", i, n, tt.unknown[i])
					}
					if !tt.unknown[i] && !near(n, good[i], 0.25) {
						t.Errorf("service %d needs %v, want about the %v of the whole window", i, n, good[i])
					}
				}
			})
		}
	}
}

func TestNothingKnownIsAnError(t *testing.T) {
	w := after(chainModel(), 12, entry("a", 100), false)
	for i := range w.Values {
		w.Values[i] = missing
	}
	for name, e := range estimators(t) {
		if f, err := e.Estimate(context.Background(), w); !errors.Is(err, estimator.ErrInsufficientData) || f != nil {
			t.Errorf("%s: forecast %v and error %v, want only %v", name, f, err, estimator.ErrInsufficientData)
		}
	}
}

func TestInvalidWindowsAreErrorsOfTheirOwn(t *testing.T) {
	tests := map[string]func(w *estimator.Window){
		"infinite sample":         func(w *estimator.Window) { w.Values[5] = math.Inf(1) },
		"no services":             func(w *estimator.Window) { w.Services, w.Values = nil, nil },
		"no steps":                func(w *estimator.Window) { w.Steps = 0 },
		"clock that stands":       func(w *estimator.Window) { w.Step = 0 },
		"clock that runs back":    func(w *estimator.Window) { w.Step = -time.Second },
		"values cut short":        func(w *estimator.Window) { w.Values = w.Values[:7] },
		"graph of another window": func(w *estimator.Window) { w.Calls.Calls[0].Destination = 3 },
		"no CPU feature":          func(w *estimator.Window) { w.Features[1] = "gpu" },
	}
	for name, spoil := range tests {
		for kind, e := range estimators(t) {
			w := after(chainModel(), 12, entry("a", 100), false)
			spoil(w)
			f, err := e.Estimate(context.Background(), w)
			if err == nil || f != nil || errors.Is(err, estimator.ErrInsufficientData) {
				t.Errorf("%s, %s: forecast %v and error %v, want an error that is not passed over", kind, name, f, err)
			}
		}
	}
}

func TestCancelledContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for name, e := range estimators(t) {
		if _, err := e.Estimate(ctx, after(chainModel(), 12, entry("a", 100), false)); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want %v", name, err, context.Canceled)
		}
	}
}

// TestKnownToBeIdleIsNotMissing tells no traffic, a need near zero, from no
// telemetry, no need at all.
func TestKnownToBeIdleIsNotMissing(t *testing.T) {
	for name, e := range estimators(t) {
		w := after(chainModel(), 12, entry("a", 0), false)
		for i, n := range needs(t, e, w) {
			if !(n >= 0 && n < 0.5) {
				t.Errorf("%s: idle service %d needs %v replicas, want next to none", name, i, n)
			}
		}
	}
	// Traffic that stopped in the middle of the window is let go slowly.
	m := chainModel()
	after(m, 9, entry("a", 100), false)
	w := after(m, 3, entry("a", 0), false)
	w.Calls = m.graph(entry("a", 100), false)
	if got := needs(t, newHAB(t), w); got[0] < 0.5 || got[0] > 3 {
		t.Errorf("three steps after the traffic stopped the entry needs %v replicas, want a part of the 4.6", got[0])
	}
}

func TestReplicasScaledToZero(t *testing.T) {
	for name, e := range estimators(t) {
		w := after(chainModel(), 12, entry("a", 0), false)
		for step := range 12 {
			w.Set(2, step, w.Channel(estimator.Replicas), 0)
			w.Set(2, step, w.Channel(estimator.CPU), 0)
		}
		if got := needs(t, e, w); got[2] != 0 {
			t.Errorf("%s: a service without pods and requests needs %v replicas, want 0", name, got[2])
		}
	}
}

func TestAbsurdSamplesSayNothing(t *testing.T) {
	for name, e := range estimators(t) {
		w := after(chainModel(), 12, entry("a", 100), false)
		for step := range 12 {
			w.Set(0, step, w.Channel(estimator.CPU), math.MaxFloat64)
		}
		got := needs(t, e, w)
		if !math.IsNaN(got[0]) || math.IsNaN(got[2]) {
			t.Errorf("%s: needs %v, want nothing about the first service only", name, got)
		}
	}
}

func TestNegativeSamplesAreMissing(t *testing.T) {
	for name, e := range estimators(t) {
		negative := after(chainModel(), 12, entry("a", 100), false)
		lost := after(chainModel(), 12, entry("a", 100), false)
		for _, f := range []estimator.Feature{estimator.CPU, estimator.Requests, estimator.Replicas, estimator.Latency} {
			for step := 5; step < 12; step += 2 {
				negative.Set(1, step, negative.Channel(f), -3)
				lost.Set(1, step, lost.Channel(f), missing)
			}
		}
		want := needs(t, e, lost)
		for i, n := range needs(t, e, negative) {
			if n != want[i] {
				t.Errorf("%s: service %d needs %v replicas with negative samples and %v with missing ones", name, i, n, want[i])
			}
		}
	}
}
