package demand

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

func TestNeedAtTheEdges(t *testing.T) {
	// A regular service of 4 replicas at d = 0.02 s, u = 0.5, whose latency is
	// 0.04 s; then one special step.
	for _, tc := range []struct {
		name                            string
		replicas, cpu, latency, request float64
		want                            float64
		atLeast                         bool
	}{
		{"as before", 4, 0.5, 0.04, 100, 3, false},
		{"no requests", 4, 0.01, nan, 0, 0, false},
		{"requests unknown", 4, 0.5, 0.04, nan, nan, false},
		{"cpu unknown", 4, nan, 0.04, 100, nan, false},
		{"latency unknown", 4, 0.5, nan, 100, 3, false},
		{"replicas unknown", nan, 0.5, 0.04, 100, 3, false},
		{"saturated", 4, 0.97, 0.5, 190, 5.88, true},
		{"saturated and served little", 4, 0.97, 0.04, 10, 5, true},
		{"saturated, replicas unknown", nan, 0.97, 0.5, 190, nan, false},
		{"saturated while a queue begins", 4, 0.97, 7.54, 200, 12, true},
		{"stuck at some CPU", 8, 0.75, 2, 100, 9, true},
		{"stuck without CPU", 8, 0.2, 2, 100, 8, true},
		{"slow but growing", 8, 0.2, 2, 150, 4.5, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(29, 30))
			s := silent(1, 51)
			for k := range 50 {
				u := 0.3 + 0.4*r.Float64()
				if k >= 40 {
					u = 0.5
				}
				s[0].set(k, 4, u, 0.02/(1-u), u*4/0.02)
			}
			s[0].set(50, tc.replicas, tc.cpu, tc.latency, tc.request)
			got := look(t, SLO{}, s, nil, estimator.Range{To: 50}).Needs(0)[50]
			if got.AtLeast != tc.atLeast || !(math.Abs(got.Replicas-tc.want) <= 0.01*tc.want) && !(math.IsNaN(got.Replicas) && math.IsNaN(tc.want)) {
				t.Errorf("need is %+v, want %v, at least %v", got, tc.want, tc.atLeast)
			}
		})
	}
}

// However a service was scaled, nothing that happens later may change its
// labels.
func TestNeedLooksBackOnly(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	const steps, cut = 200, 150
	s := silent(1, steps)
	for k := range steps {
		u := r.Float64()
		s[0].set(k, float64(1+r.IntN(5)), u, 0.02/(1-u), 100*r.Float64())
	}
	before := look(t, SLO{}, s, nil, estimator.Range{To: 100}).Needs(0)
	for k := cut; k < steps; k++ {
		s[0].set(k, 9, 1, 30, 1)
	}
	after := look(t, SLO{}, s, nil, estimator.Range{To: 100}).Needs(0)
	for k := range cut {
		if before[k] != after[k] && !math.IsNaN(before[k].Replicas) {
			t.Fatalf("the need at step %d was %v and is %v after later steps changed", k, before[k], after[k])
		}
	}
}

// Whatever the telemetry, a need is NaN or a finite number from 0 up.
func TestNeedOfAnything(t *testing.T) {
	r := rand.New(rand.NewPCG(33, 34))
	pick := func() float64 {
		return []float64{nan, 0, 1, 0.5, 0.95, 3, 1e-9, 1e6, -1, r.Float64(), 10 * r.Float64()}[r.IntN(11)]
	}
	for range 300 {
		steps := 1 + r.IntN(40)
		s := silent(2, steps)
		for i := range s {
			for k := range steps {
				s[i].set(k, pick(), pick(), pick(), pick())
			}
		}
		calls, train := []estimator.Edge{{Source: 0, Destination: 1, Weight: 1}}, estimator.Range{To: 1 + steps/2}
		h := look(t, SLO{Bound: time.Duration(r.IntN(2)) * time.Second}, s, calls, train)
		for i := range s {
			for _, need := range h.Needs(i) {
				if v := need.Replicas; math.IsNaN(v) && need.AtLeast || v < 0 || math.IsInf(v, 1) {
					t.Fatalf("service %d needs %+v in\n%v", i, need, s)
				}
			}
			if err := h.Fitted[i].Sizing().Validate(); err != nil {
				t.Fatalf("%v for %+v of\n%v", err, h.Fitted[i], s)
			}
		}
	}
}

func TestSLOErrors(t *testing.T) {
	for _, tc := range []struct {
		slo  SLO
		want string
	}{
		{SLO{Bound: -1}, "slo is -1ns"},
		{SLO{Percentile: 0.1}, "sloPercentile is 0.1"},
		{SLO{Percentile: 1}, "sloPercentile is 1"},
	} {
		if _, err := Look(Policy{SLO: tc.slo}, silent(1, 10), nil, estimator.Range{To: 5}); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("error %v, want one with %q", err, tc.want)
		}
	}
}
