package demand

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestFitCurve gives a service a curve, and noise of a tenth.
func TestFitCurve(t *testing.T) {
	for _, tt := range []struct {
		name           string
		growth         float64
		steps          int
		low, high      float64 // utilisation
		want, unloaded float64
	}{
		{"processor sharing", 1, 200, 0.2, 0.8, 1, 0.02},
		{"mostly off the CPU", 0.3, 200, 0.2, 0.8, 0.3, 0.02},
		{"flat", 0, 200, 0.2, 0.8, 0, 0.02},
		{"too few steps to tell: processor sharing", 0.3, 12, 0.2, 0.8, 1, 0.01},
		{"too little variation to tell: processor sharing", 1, 200, 0.5, 0.51, 1, 0.02},
	} {
		r := rand.New(rand.NewPCG(71, 72))
		s := &silent(1, tt.steps)[0]
		steps := make([]int, tt.steps)
		for k := range steps {
			u := tt.low + (tt.high-tt.low)*r.Float64()
			s.set(k, 4, u, 0.02*(1+tt.growth*u/(1-u))*(1+0.1*r.NormFloat64()), 100)
			steps[k] = k
		}
		got := s.FitCurve(s.Latency, steps)
		if math.Abs(got.Growth-tt.want) > 0.1 || !near(got.Unloaded, tt.unloaded, 0.15) {
			t.Errorf("%s: %+v, want %v and %v", tt.name, got, tt.unloaded, tt.want)
		}
	}
	if got := (&silent(1, 3)[0]).FitCurve([]float64{nan, nan, nan}, []int{0, 1, 2}); !math.IsNaN(got.Unloaded) || !got.Explains(1e9) {
		t.Errorf("without latency: %+v, want none, which explains all", got)
	}
}

// The utilisation of a stretch is where the latency is that multiple.
func TestCurveUtilisation(t *testing.T) {
	r := rand.New(rand.NewPCG(73, 74))
	for range 1000 {
		c := Curve{Unloaded: r.Float64(), Growth: 0.01 + 2*r.Float64()}
		stretch := 1 + 20*r.Float64()
		if got := c.Latency(c.Utilisation(stretch)) / c.Unloaded; !near(got, stretch, 1e-9) {
			t.Fatalf("%+v: %v times the latency at a utilisation of %v, want %v", c, got, c.Utilisation(stretch), stretch)
		}
	}
	for _, tt := range []struct{ growth, stretch, want float64 }{{1, 0.5, 0}, {1, 1, 0}, {0, 1.1, 1}, {1, math.Inf(1), 1}, {1, 4, 0.75}} {
		if got := (Curve{Unloaded: 1, Growth: tt.growth}).Utilisation(tt.stretch); got != tt.want {
			t.Errorf("growth %v, stretch %v: utilisation %v, want %v", tt.growth, tt.stretch, got, tt.want)
		}
	}
}

// Counts around the mean decide what quantiles would.
func TestSpreadIsThatOfQuantiles(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 20_000 {
		values := make([]float64, curveSamples+rng.IntN(40))
		deviation := minSpread * rng.Float64()
		for i := range values {
			values[i] = 1.3 + deviation*rng.NormFloat64()
			if rng.IntN(9) == 0 {
				values[i] += 3 * minSpread
			}
		}
		got := spread(values)
		if want := Quantile(values, 0.9)-Quantile(values, 0.1) >= minSpread; got != want {
			t.Fatalf("%v: spread is %v, want %v", values, got, want)
		}
	}
}
