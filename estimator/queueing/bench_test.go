package queueing

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

// benchmarkWindow returns n services under noisy load, each called by up to
// three of those before it; every twentieth also closes a cycle.
func benchmarkWindow(n int) *estimator.Window {
	rng := rand.New(rand.NewPCG(1, 1))
	services := make([]estimator.Service, n)
	for i := range services {
		services[i] = estimator.Service{Namespace: "shop", Name: fmt.Sprintf("service-%05d", i)}
	}
	w := estimator.NewWindow(services, estimator.DefaultFeatures(), 12, 30*time.Second, time.Unix(1_700_000_000, 0))
	w.Calls = &estimator.CallGraph{Calls: []estimator.Call{{Source: estimator.Outside, Destination: 0, Rate: 100}}}
	rates := make([]float64, n)
	rates[0] = 100
	for i := 1; i < n; i++ {
		for _, caller := range []int{i - 1, i - 7, i / 2} {
			if caller >= 0 && caller < i && rng.Float64() < 0.6 {
				w.Calls.Calls = append(w.Calls.Calls, estimator.Call{Source: caller, Destination: i, Rate: 50})
				rates[i] += 50
			}
		}
		if rates[i] == 0 {
			w.Calls.Calls = append(w.Calls.Calls, estimator.Call{Source: estimator.Outside, Destination: i, Rate: 50})
			rates[i] = 50
		}
		if i%20 == 0 {
			w.Calls.Calls = append(w.Calls.Calls, estimator.Call{Source: i, Destination: i - 9, Rate: 5})
			rates[i-9] += 5
		}
	}
	for i, rate := range rates {
		for step := range w.Steps {
			x := rate * (1 + 0.1*rng.NormFloat64())
			w.Set(i, step, w.Channel(estimator.Requests), x)
			w.Set(i, step, w.Channel(estimator.CPU), 0.05+x*0.01/4)
			w.Set(i, step, w.Channel(estimator.Replicas), 4)
			w.Set(i, step, w.Channel(estimator.Latency), 0.02)
			w.Set(i, step, w.Channel(estimator.Memory), 0.3)
		}
	}
	return w
}

func benchmarkEstimate(b *testing.B, e estimator.Estimator) {
	for _, n := range []int{41, 1_000, 10_000} {
		w := benchmarkWindow(n)
		b.Run(fmt.Sprintf("services=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Estimate(context.Background(), w); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkHAB(b *testing.B) { benchmarkEstimate(b, newHAB(b)) }

func BenchmarkMMN(b *testing.B) { benchmarkEstimate(b, newMMN(b)) }

// BenchmarkAnnotate annotates a history of 41 services in steps of 30 s, as training does,
// and reports how many seconds 14 days of it would take.
func BenchmarkAnnotate(b *testing.B) {
	const services, steps = 41, 500
	w := benchmarkHistory(services, steps)
	a, err := NewAnalytic(DefaultConfig(), 12)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := a.Annotate(b.Context(), w, 0, true); err != nil {
			b.Fatal(err)
		}
	}
	const days = 14 * 24 * 120 // steps
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)*days/steps, "s/14days")
}

// BenchmarkHeld looks back five minutes in steps of 15 s, as the first tick does where
// autoscalers leave the hold to the plan.
func BenchmarkHeld(b *testing.B) {
	const services, window, back = 41, 40, 19
	w := benchmarkHistory(services, window)
	a, err := NewAnalytic(DefaultConfig(), window)
	if err != nil {
		b.Fatal(err)
	}
	steps := slices.Repeat([]int{back}, services)
	for b.Loop() {
		if _, err := new(Keeper).Held(b.Context(), a, w, steps); err != nil {
			b.Fatal(err)
		}
	}
}

// benchmarkHistory returns a load that varies around that of a window.
func benchmarkHistory(services, steps int) *estimator.Window {
	short := benchmarkWindow(services)
	w := estimator.NewWindow(short.Services, short.Features, steps, short.Step, short.End)
	w.Calls = short.Calls
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range services {
		for step := range steps {
			row := w.Row(n, step)
			copy(row, short.Row(n, step%short.Steps))
			row[w.Channel(estimator.Requests)] *= 1 + 0.1*rng.Float64()
		}
	}
	return w
}
