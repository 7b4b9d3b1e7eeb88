package need

import (
	"testing"

	"github.com/deepscaler/deepscaler/test/testbed/app"
)

func boutique(t *testing.T) (*Measured, Work) {
	t.Helper()
	a, err := app.Load("online-boutique")
	if err != nil {
		t.Fatal(err)
	}
	weights, err := a.Users.Mix(app.DefaultMix)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Measure(t.Context(), a, weights, 30, 120)
	if err != nil {
		t.Fatal(err)
	}
	w, err := Expect(a, weights)
	if err != nil {
		t.Fatal(err)
	}
	return m, w
}

// With the replicas that the search finds, the testbed itself keeps the target, and with
// one less of the busiest service it comes closer to it or breaks it.
func TestReplicasKeepTheTarget(t *testing.T) {
	const target = 0.08
	m, w := boutique(t)
	a := m.application
	weights, err := a.Users.Mix(app.DefaultMix)
	if err != nil {
		t.Fatal(err)
	}
	frontend := a.Service("frontend")
	for _, rps := range []float64{40, 75, 110} {
		n := m.Replicas(scale(w.Busy, rps), w.Visits, target, 1)
		_, response, err := measure(t.Context(), a, weights, rps, n)
		if err != nil {
			t.Fatal(err)
		}
		if response > 1.25*target {
			t.Errorf("%v requests/s with %v replicas take %v s on the testbed, want about %v", rps, n, response, target)
		}
		n[frontend]--
		if _, less, err := measure(t.Context(), a, weights, rps, n); err != nil || less < response {
			t.Errorf("%v requests/s take %v s, and %v s with one frontend less (%v)", rps, response, less, err)
		}
	}
}

// More work never needs less, and fractional needs lie at or below the whole ones in sum.
func TestReplicasGrowWithWork(t *testing.T) {
	m, w := boutique(t)
	cores := func(rps, size float64) float64 {
		sum := 0.0
		for i, n := range m.Replicas(scale(w.Busy, rps), w.Visits, 0.08, size) {
			sum += n * float64(m.application.Services[i].Resources.Limits.CPU)
		}
		return sum
	}
	before := 0.0
	for rps := 20.0; rps <= 150; rps += 10 {
		now := cores(rps, 0.05)
		if now < 0.97*before {
			t.Errorf("%v requests/s need %v cores, fewer than less load: %v", rps, now, before)
		}
		if whole := cores(rps, 1); now > whole+0.2 {
			t.Errorf("%v requests/s need %v cores in fractions and %v in whole replicas", rps, now, whole)
		}
		before = now
	}
}
