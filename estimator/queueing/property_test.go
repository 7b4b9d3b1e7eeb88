package queueing

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator"
)

// randomModel returns an application of n services without a cycle and without
// an idle share, at moderate utilisation under 100 requests per second.
func randomModel(rng *rand.Rand, n int) *fluid {
	f := &fluid{step: 30 * time.Second}
	visits := make([]float64, n)
	visits[0] = 1
	for i := range n {
		f.services = append(f.services, fluidService{name: string(rune('a' + i)), demand: 0.002 + 0.02*rng.Float64()})
		for j := i + 1; j < n; j++ {
			if j == i+1 || rng.Float64() < 0.3 {
				ratio := 0.2 + 2*rng.Float64()/float64(n)
				f.calls = append(f.calls, edge{i, j, ratio})
				visits[j] += visits[i] * ratio
			}
		}
	}
	for i := range f.services {
		s := &f.services[i]
		s.replicas = max(1, visits[i]*100*s.demand/(0.2+0.4*rng.Float64()))
	}
	return f
}

// TestNeedsGrowWithTheTraffic multiplies requests, and with them CPU or pods.
func TestNeedsGrowWithTheTraffic(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 3))
	linear := newHAB(t, func(c *Config) { c.Headroom = 0 })
	for range 50 {
		m := randomModel(rng, 6)
		w := after(m, 12, entry("a", 100), false)
		before := needs(t, linear, w)
		k := 1 + 9*rng.Float64()
		requests, replicas := w.Channel(estimator.Requests), w.Channel(estimator.Replicas)
		for i := range w.Services {
			for step := range w.Steps {
				w.Set(i, step, requests, k*w.At(i, step, requests))
				w.Set(i, step, replicas, k*w.At(i, step, replicas))
			}
		}
		for i, n := range needs(t, linear, w) {
			if !near(n, k*before[i], 1e-6) {
				t.Fatalf("service %d needs %v replicas for %v times the traffic, want %v", i, n, k, k*before[i])
			}
		}
	}
}

// TestNeedsNeverFallWhenTheEntryRises raises the newest entry rate only.
func TestNeedsNeverFallWhenTheEntryRises(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 5))
	for range 50 {
		w := knownRate(after(randomModel(rng, 6), 12, entry("a", 100), rng.IntN(2) == 0), 1000)
		before := needs(t, newHAB(t), w)
		for _, rate := range []float64{110, 150, 300, 1000} {
			w.Set(0, 11, w.Channel(estimator.Requests), rate)
			got := needs(t, newHAB(t), w)
			for i := range got {
				if got[i] < before[i]*(1-1e-3) { // the rate known before is still a little in the level
					t.Fatalf("service %d needs %v replicas at an entry rate of %v, fewer than %v", i, got[i], rate, before[i])
				}
			}
			before = got
		}
	}
}

// TestOrderOfServicesDoesNotMatter permutes the rows of a window.
func TestOrderOfServicesDoesNotMatter(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 7))
	for round := range 50 {
		m := randomModel(rng, 7)
		w := after(m, 12, entry("a", 100+200*float64(round%2)), round%3 == 0)
		order := rng.Perm(len(w.Services)) // new row → old row
		shuffled := estimator.NewWindow(make([]estimator.Service, len(order)), w.Features, w.Steps, w.Step, w.End)
		row := make([]int, len(order))
		for to, from := range order {
			shuffled.Services[to] = w.Services[from]
			for step := range w.Steps {
				copy(shuffled.Row(to, step), w.Row(from, step))
			}
			row[from] = to
		}
		shuffled.Calls = &estimator.CallGraph{}
		for _, c := range w.Calls.Calls {
			if c.Source >= 0 {
				c.Source = row[c.Source]
			}
			c.Destination = row[c.Destination]
			shuffled.Calls.Calls = append(shuffled.Calls.Calls, c)
		}
		for name, e := range estimators(t) {
			want, got := needs(t, e, w), needs(t, e, shuffled)
			for from, to := range row {
				if !near(got[to], want[from], 1e-9) {
					t.Fatalf("%s: %s needs %v replicas as row %d and %v as row %d", name, w.Services[from], got[to], to, want[from], from)
				}
			}
		}
	}
}

// TestSameWindowSameForecast estimates from many goroutines and by estimators
// of their own, as replicas of the adapter do.
func TestSameWindowSameForecast(t *testing.T) {
	m := boutiqueModel()
	m.noise = rand.New(rand.NewPCG(8, 9))
	w := after(m, 15, entry("frontend", 80), false)
	before := slices.Clone(w.Values)
	for name, e := range estimators(t) {
		want, err := e.Estimate(context.Background(), w)
		if err != nil {
			t.Fatal(err)
		}
		var wait sync.WaitGroup
		for k := range 8 {
			wait.Go(func() {
				mine := e
				if k%2 == 0 {
					mine = estimators(t)[name]
				}
				for range 20 {
					got, err := mine.Estimate(context.Background(), w)
					if err != nil || !slices.Equal(got.Replicas, want.Replicas) {
						t.Errorf("%s: forecasts of one window differ (%v)", name, err)
						return
					}
				}
			})
		}
		wait.Wait()
	}
	if diff := cmp.Diff(before, w.Values, cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("the window was changed (-before +after):\n%s", diff)
	}
}
