package demand

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// batches returns the rates of a stream whose requests come in batches, at steps of 15 s.
func batches(rng *rand.Rand, size, rate float64, steps int) []float64 {
	out := make([]float64, steps)
	for t := range out {
		count := 0.0
		for at := rng.ExpFloat64(); at < rate*15/size; at += rng.ExpFloat64() {
			count += size
		}
		out[t] = count / 15
	}
	return out
}

func TestDispersion(t *testing.T) {
	gaps := func(rates []float64) []float64 {
		for t := 0; t < len(rates); t += 7 {
			rates[t] = math.NaN()
		}
		return rates
	}
	jump := func(rates []float64) []float64 {
		for t := len(rates) / 2; t < len(rates); t++ {
			rates[t] *= 3
		}
		return rates
	}
	tests := []struct {
		name      string
		rates     func(*rand.Rand) []float64
		low, high float64
	}{
		{"single requests", func(r *rand.Rand) []float64 { return batches(r, 1, 20, 40) }, 1, 2.5},
		{"few requests", func(r *rand.Rand) []float64 { return batches(r, 1, 0.3, 40) }, 1, 3},
		{"batches", func(r *rand.Rand) []float64 { return batches(r, 100, 150, 400) }, 70, 140},
		{"batches with gaps", func(r *rand.Rand) []float64 { return gaps(batches(r, 100, 150, 400)) }, 60, 150},
		{"a jump of single requests", func(r *rand.Rand) []float64 { return jump(batches(r, 1, 20, 40)) }, 1, 4},
		{"a ramp", func(*rand.Rand) []float64 {
			out := make([]float64, 40)
			for t := range out {
				out[t] = 10 * float64(t)
			}
			return out
		}, 1, 1},
		{"silence", func(*rand.Rand) []float64 { return make([]float64, 40) }, 1, 1},
		{"too few samples", func(r *rand.Rand) []float64 { return batches(r, 100, 150, 8) }, 1, 1},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, uint64(i)))
			if got := Dispersion(tt.rates(rng), 15*time.Second); !(got >= tt.low && got <= tt.high) {
				t.Errorf("dispersion %.2f, want %v to %v", got, tt.low, tt.high)
			}
		})
	}
}
