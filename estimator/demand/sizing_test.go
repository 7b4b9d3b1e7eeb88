package demand

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestSizing(t *testing.T) {
	nan := math.NaN()
	for _, tt := range []struct {
		name                    string
		idle, target            float64
		replicas, cpu, expected float64
	}{
		{"at the target", 0.1, 0.6, 4, 0.6, 4},
		{"as the autoscaler, before it rounds", 0, 0.5, 3, 0.8, 4.8},
		{"less idle work", 0.1, 0.6, 3, 0.8, 4.2},
		{"nothing but idle", 0.1, 0.6, 7, 0.1, 0},
		{"below idle", 0.1, 0.6, 7, 0.05, 0},
		{"no replicas", 0.1, 0.6, 0, 0.5, 0},
		{"idle is most of the target", 0.25, 0.3, 3, 0.55, 6},
		{"all but saturated", 0, 0.9, 4, 0.81, 3.6},
		{"saturated", 0, 0.9, 4, 0.9, 5},
		{"saturated at part of a replica", 0, 0.9, 3.5, 0.9, 4.5},
		{"saturated far above the target", 0, 0.3, 4, 0.9, 12},
		{"replicas unknown", 0.1, 0.6, nan, 0.95, nan},
		{"utilisation unknown", 0.1, 0.6, 4, nan, nan},
		{"beyond all numbers", 0.1, 0.6, 1e200, 1e200, math.MaxFloat64},
	} {
		s := Sizing{Idle: tt.idle, Utilisation: tt.target}
		got := s.Present(tt.replicas, tt.cpu)
		if !(math.Abs(got-tt.expected) <= 1e-12*tt.expected) && !(math.IsNaN(got) && math.IsNaN(tt.expected)) {
			t.Errorf("%s: %v replicas, want %v", tt.name, got, tt.expected)
		}
	}
}

// TestSizingProperties draws services and what they do.
func TestSizingProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(41, 42))
	for range 20_000 {
		s := Sizing{Utilisation: 0.05 + 0.95*r.Float64()}
		s.Idle = s.Utilisation / 2 * r.Float64()
		if err := s.Validate(); err != nil {
			t.Fatal(err)
		}
		replicas, cpu := float64(1+r.IntN(50)), 1.1*r.Float64()
		n := s.Present(replicas, cpu)
		if !(n >= 0) {
			t.Fatalf("%+v of %v replicas at %v: %v, want a number from 0 up", s, replicas, cpu, n)
		}
		// More work never needs less, whether it shows in one or in the other.
		if busier, larger := s.Present(replicas, cpu+0.1*r.Float64()), s.Present(replicas+1, cpu); busier < n || larger < n && cpu >= s.Idle {
			t.Fatalf("%+v of %v replicas at %v: %v, but %v when busier and %v when larger", s, replicas, cpu, n, busier, larger)
		}
		if cpu >= SaturatedFrom {
			if n < replicas+1 {
				t.Fatalf("%+v of %v saturated replicas: %v are enough", s, replicas, n)
			}
			continue
		}
		if cpu <= s.Idle {
			continue
		}
		// The law: with n replicas the work is done at the target.
		u := s.Idle + replicas*(cpu-s.Idle)/n
		if math.Abs(u-s.Utilisation) > 1e-9 {
			t.Fatalf("%+v of %v replicas at %v: %v would be at %v", s, replicas, cpu, n, u)
		}
		// What is enough is enough of itself, unless it hides its demand.
		if !Saturated(u) {
			if again := s.Present(n, u); math.Abs(again-n) > 1e-9*n {
				t.Fatalf("%+v: %v replicas at %v are enough, then %v", s, n, u, again)
			}
		}
	}
}

func TestSizingValidate(t *testing.T) {
	nan := math.NaN()
	for _, tt := range []struct {
		s  Sizing
		ok bool
	}{
		{Sizing{0, 1}, true},
		{Sizing{0.25, 0.3}, true},
		{Sizing{}, false},
		{Sizing{0.3, 0.3}, false},
		{Sizing{0.4, 0.3}, false},
		{Sizing{-0.1, 0.3}, false},
		{Sizing{0.1, 1.1}, false},
		{Sizing{nan, 0.3}, false},
		{Sizing{0.1, nan}, false},
		{Sizing{0.1, math.Inf(1)}, false},
		{Sizing{math.Inf(-1), 0.3}, false},
	} {
		if err := tt.s.Validate(); (err == nil) != tt.ok {
			t.Errorf("%+v: error %v", tt.s, err)
		}
	}
}

// FuzzSizing: finite telemetry, however odd, gives a finite count.
func FuzzSizing(f *testing.F) {
	f.Add(0.1, 0.6, 4.0, 0.5)
	f.Add(0.0, 1.0, math.MaxFloat64, math.MaxFloat64)
	f.Add(0.0, 5e-324, 1.0, 1.0)
	f.Add(0.1, 0.6, -4.0, 0.95)
	f.Fuzz(func(t *testing.T, idle, target, replicas, cpu float64) {
		s := Sizing{Idle: idle, Utilisation: target}
		if s.Validate() != nil || math.IsInf(replicas, 0) || math.IsInf(cpu, 0) {
			return
		}
		n := s.Present(replicas, cpu)
		if math.IsNaN(n) != (math.IsNaN(replicas) || math.IsNaN(cpu)) || math.IsInf(n, 0) || n < 0 {
			t.Fatalf("%+v of %v replicas at %v: %v", s, replicas, cpu, n)
		}
	})
}
