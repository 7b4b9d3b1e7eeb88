package model

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/demand"
)

// TestEstimateMatchesPredict takes the long way for a window that has more
// services, features and steps than the model, in another order.
func TestEstimateMatchesPredict(t *testing.T) {
	each(t, func(t *testing.T, a *artifact.Model) {
		a.Features = []string{"requests", "cpu", "replicas"}
		for n := range a.Services {
			a.Scaler.Mean[n], a.Scaler.Std[n] = a.Scaler.Mean[n][:3], a.Scaler.Std[n][:3]
		}
		redraw(t, a)
		a.Services = []string{"shop/c", "d", "a", "nobody", "b"}
		w := observed(6, "a", "b", "c", "d", "stranger")
		row, channel := []int{2, 3, 0, -1, 1}, []int{3, 1, 0}
		var samples []float64
		for i := 2; i < 6; i++ {
			for _, n := range row {
				for _, c := range channel {
					if n < 0 {
						samples = append(samples, nan)
					} else {
						samples = append(samples, w.At(n, i, c))
					}
				}
			}
		}
		y := byHand(t, a, samples)
		want := estimator.NewForecast(w.Services, 4, step)
		for i, n := range row {
			if n >= 0 {
				for h, v := range []float64{y[i*3], y[i*3+1], (max(0, y[i*3+1]) + max(0, y[i*3+2])) / 2, y[i*3+2]} {
					want.Set(n, h, max(0, v))
				}
			}
		}
		got := mustEstimate(t, mustEstimator(t, a), w)
		if diff := cmp.Diff(want, got, cmpopts.EquateNaNs(), cmpopts.EquateApprox(0, 1e-9)); diff != "" {
			t.Errorf("forecast differs (-by hand +got):\n%s", diff)
		}
	})
}

// TestEstimateOfAKnownNetwork: the outputs of the network are always -8, 1 and
// 3, means are 0, and deviations 1.
func TestEstimateOfAKnownNetwork(t *testing.T) {
	missing := func(w *estimator.Window, service, from, to int, features ...estimator.Feature) {
		for i := from; i < to; i++ {
			for _, f := range features {
				w.Set(service, i, w.Channel(f), nan)
			}
		}
	}
	load := func(w *estimator.Window, service, step int, replicas, cpu float64) {
		w.Set(service, step, w.Channel(estimator.Replicas), replicas)
		w.Set(service, step, w.Channel(estimator.CPU), cpu)
	}
	all := estimator.DefaultFeatures()
	tests := []struct {
		name     string
		services []string
		anchor   string
		window   func() *estimator.Window
		want     [][]float64
	}{
		{"what is below zero is zero, before it is interpolated", []string{"a"}, "",
			func() *estimator.Window { return observed(4, "a") },
			[][]float64{{0, 1, 2, 3}}},
		{"a service that the model does not know", []string{"a"}, "",
			func() *estimator.Window { return observed(4, "a", "b") },
			[][]float64{{0, 1, 2, 3}, {nan, nan, nan, nan}}},
		{"a service that the window does not have", []string{"a", "b"}, "",
			func() *estimator.Window { return observed(4, "b") },
			[][]float64{{0, 1, 2, 3}}},
		{"a service without samples", []string{"a", "b"}, "",
			func() *estimator.Window { w := observed(4, "a", "b"); missing(w, 0, 0, 4, all...); return w },
			[][]float64{{nan, nan, nan, nan}, {0, 1, 2, 3}}},
		{"a service without samples but long ago", []string{"a", "b"}, "",
			func() *estimator.Window { w := observed(6, "a", "b"); missing(w, 0, 2, 6, all...); return w },
			[][]float64{{nan, nan, nan, nan}, {0, 1, 2, 3}}},
		{"a service with one sample", []string{"a", "b"}, "",
			func() *estimator.Window {
				w := observed(4, "a", "b")
				missing(w, 0, 0, 4, all...)
				w.Set(0, 0, 4, 1)
				return w
			},
			[][]float64{{0, 1, 2, 3}, {0, 1, 2, 3}}},
		{"a change of the last replicas", []string{"a", "b"}, artifact.AnchorChange,
			func() *estimator.Window {
				w := observed(4, "a", "b")
				w.Set(0, 2, 0, 10)
				missing(w, 0, 3, 4, all...)
				w.Set(1, 3, 0, 7)
				return w
			},
			[][]float64{{2, 11, 12, 13}, {0, 8, 9, 10}}},
		{"a change of replicas that are not known", []string{"a"}, artifact.AnchorChange,
			func() *estimator.Window { w := observed(4, "a"); missing(w, 0, 0, 4, estimator.Replicas); return w },
			[][]float64{{0, 1, 2, 3}}},
		{"a change from the last demand", []string{"a", "b", "c"}, artifact.AnchorDemand,
			func() *estimator.Window {
				w := observed(4, "a", "b", "c")
				load(w, 0, 3, 20, 0.35) // 10 replicas
				load(w, 1, 1, 12, 0.35) // 6
				load(w, 1, 2, nan, 0.9)
				load(w, 1, 3, 9, nan)
				load(w, 2, 3, 4, 0.95) // 6.8
				return w
			},
			[][]float64{{2, 11, 12, 13}, {0, 7, 8, 9}, {0, 7.8, 8.8, 9.8}}},
		{"a change from a demand that is not known", []string{"a"}, artifact.AnchorDemand,
			func() *estimator.Window { w := observed(4, "a"); missing(w, 0, 0, 4, estimator.CPU); return w },
			[][]float64{{0, 1, 2, 3}}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			a := untrained(t, tc.services)
			if a.Scaler.Anchor = tc.anchor; tc.anchor == artifact.AnchorDemand {
				a.Scaler.Sizings = slices.Repeat([]demand.Sizing{{Idle: 0.1, Utilisation: 0.6}}, len(tc.services))
			}
			for n := range a.Services {
				a.Scaler.TargetMean[n], a.Scaler.TargetStd[n] = 0, 1
			}
			constant(t, a, -8, 1, 3)
			w := tc.window()
			f := mustEstimate(t, mustEstimator(t, a), w)
			want := estimator.NewForecast(w.Services, 4, step)
			for n, row := range tc.want {
				for h, v := range row {
					want.Set(n, h, v)
				}
			}
			if diff := cmp.Diff(want, f, cmpopts.EquateNaNs(), cmpopts.EquateApprox(0, 1e-6)); diff != "" {
				t.Errorf("forecast differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEstimateErrors(t *testing.T) {
	tests := []struct {
		name         string
		services     []string
		window       func() *estimator.Window
		insufficient bool
		want         []string
	}{
		{"a window whose parts do not fit", []string{"a"}, func() *estimator.Window {
			w := observed(4, "a")
			w.Values = w.Values[1:]
			return w
		}, false, []string{"has 19 values"}},
		{"another step", []string{"a"}, func() *estimator.Window {
			w := observed(4, "a")
			w.Step = time.Minute
			return w
		}, false, []string{"1m0s", "30s"}},
		{"too few steps", []string{"a"}, func() *estimator.Window { return observed(3, "a") }, true, []string{"3 steps", "looks back 4"}},
		{"no sample", []string{"a"}, func() *estimator.Window {
			w := observed(4, "a")
			for i := range w.Values {
				w.Values[i] = nan
			}
			return w
		}, true, []string{"no sample"}},
		{"another application", []string{"x"}, func() *estimator.Window { return observed(4, "a") }, true, []string{`none of the model's 1 services`, `"x"`}},
		{"another namespace", []string{"prod/a"}, func() *estimator.Window { return observed(4, "a") }, true, []string{"none of"}},
		{"a feature is missing", []string{"a"}, func() *estimator.Window {
			w := observed(4, "a")
			w.Features[2] = "p99"
			return w
		}, false, []string{`lacks feature "latency"`, `"p99"`}},
		{"one service for two", []string{"a"}, func() *estimator.Window { return observed(4, "blue/a", "green/a") }, false, []string{"blue/a and green/a"}},
		{"an infinite sample", []string{"a"}, func() *estimator.Window {
			w := observed(4, "a")
			w.Values[3] = 1 / (w.Values[3] * 0)
			return w
		}, false, []string{"+Inf"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			f, err := mustEstimator(t, untrained(t, tc.services)).Estimate(t.Context(), tc.window())
			checkError(t, err, tc.want...)
			if got := errors.Is(err, estimator.ErrInsufficientData); got != tc.insufficient {
				t.Errorf("error %q is of insufficient data: %t, want %t", err, got, tc.insufficient)
			}
			if f != nil {
				t.Errorf("forecast is %v, want none", f)
			}
		})
	}
}

func TestEstimateEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := mustEstimator(t, untrained(t, numbered(1))).Estimate(ctx, observed(4, "s000"))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want %v", err, context.Canceled)
	}
}

func TestEstimateReportsAnOverflow(t *testing.T) {
	a := untrained(t, numbered(1))
	constant(t, a, 1, 2, 1e30)
	a.Scaler.TargetStd[0] = 1e300
	_, err := mustEstimator(t, a).Estimate(t.Context(), observed(4, "s000"))
	checkError(t, err, "+Inf", `"s000"`)
}

func TestNewEstimatorRefuses(t *testing.T) {
	tests := []struct {
		name   string
		change func(a *artifact.Model)
		want   []string
	}{
		{"another target", func(a *artifact.Model) { a.Target = "latency" }, []string{`"latency"`, `"replicas"`}},
		{"tensors that do not fit", func(a *artifact.Model) { a.Tensors = a.Tensors[1:] }, []string{"is missing"}},
		{"half a name", func(a *artifact.Model) { a.Services[1] = "/s000" }, []string{`service is "/s000"`, "want namespace/name"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			a := untrained(t, numbered(2))
			tc.change(a)
			e, err := NewEstimator(a)
			checkError(t, err, tc.want...)
			if e != nil {
				t.Errorf("estimator is %v, want nil", e)
			}
		})
	}
}

func TestEstimateConcurrently(t *testing.T) {
	each(t, func(t *testing.T, a *artifact.Model) {
		e := mustEstimator(t, a)
		var windows []*estimator.Window
		var want []*estimator.Forecast
		for steps := range 8 {
			w := observed(4+steps, numbered(5)...)
			windows, want = append(windows, w), append(want, mustEstimate(t, e, w))
		}
		var wg sync.WaitGroup
		for worker := range 8 {
			wg.Go(func() {
				for round := range 10 {
					i := (worker + round) % len(windows)
					f, err := e.Estimate(t.Context(), windows[i])
					if err != nil {
						t.Error(err)
						return
					}
					if diff := cmp.Diff(want[i], f); diff != "" {
						t.Errorf("forecast differs (-alone +beside others):\n%s", diff)
					}
				}
			})
		}
		wg.Wait()
	})
}

// TestEstimateAllocatesItsForecast: the struct and its numbers.
func TestEstimateAllocatesItsForecast(t *testing.T) {
	each(t, func(t *testing.T, a *artifact.Model) {
		e, w := mustEstimator(t, a), observed(4, numbered(5)...)
		allocs := testing.AllocsPerRun(20, func() { mustEstimate(t, e, w) })
		if allocs > 2 {
			t.Errorf("an estimate makes %v allocations, want at most 2", allocs)
		}
	})
}
