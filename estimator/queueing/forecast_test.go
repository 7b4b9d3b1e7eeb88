package queueing

import (
	"math"
	"math/rand/v2"
	"testing"
)

var missing = math.NaN()

// poisson is a stream of single requests.
var poisson = variation{dispersion: 1, step: 15}

func TestForecast(t *testing.T) {
	tests := []struct {
		name      string
		rates     []float64
		low, high float64 // of the third step ahead
	}{
		{"steady", []float64{50, 50, 50, 50, 50, 50}, 50, 50},
		{"silent", []float64{0, 0, 0, 0}, 0, 0},
		{"one sample", []float64{missing, missing, 7}, 7, 7},
		{"step up counts in full and is no trend", []float64{50, 50, 50, 50, 50, 200}, 200, 200},
		{"a step some time ago is no trend", []float64{50, 50, 50, 200, 200, 200, 200, 200}, 200, 200},
		{"ramp goes on, damped", []float64{10, 20, 30, 40, 50, 60}, 80, 90},
		{"drop is believed slowly", []float64{100, 100, 100, 20}, 65, 70},
		{"a fall is not anticipated", []float64{60, 50, 40, 30, 20, 10}, 10, 30},
		{"gaps", []float64{10, missing, 30, missing, 50, 60}, 75, 90},
		{"newest missing", []float64{10, 20, 30, 40, 50, 60, missing}, 85, 100},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := poisson.forecast(tt.rates, 3, 1)[2]; !(got >= tt.low && got <= tt.high) {
				t.Errorf("three steps ahead %v, want between %v and %v", got, tt.low, tt.high)
			}
		})
	}
	if got := poisson.forecast([]float64{missing, missing}, 1, 1)[0]; !math.IsNaN(got) {
		t.Errorf("forecast without samples is %v, want NaN", got)
	}
}

func TestForecastGrowthIsBounded(t *testing.T) {
	rates := []float64{0, 10, 20, 30, 40, 50}
	if got := poisson.forecast(rates, 40, 1)[39]; got != 100 {
		t.Errorf("forecast for a distant step is %v, want twice the newest sample", got)
	}
}

func TestForecastOfARampIsMonotone(t *testing.T) {
	f := poisson.forecast([]float64{10, 20, 30, 40, 50, 60, 70, 80}, 10, 1)
	for h := 1; h < len(f); h++ {
		if f[h] < f[h-1] || f[h]-f[h-1] > 10 {
			t.Fatalf("forecast %v, want it to rise by at most the slope of 10 per step", f)
		}
	}
}

// The asymmetric level may lie above the mean of a noisy load, but not by more
// than the noise itself.
func TestForecastOfNoiseStaysNearTheLoad(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 1))
	const load, deviation, rounds = 100.0, 5.0, 2000
	sum := 0.0
	for range rounds {
		rates := make([]float64, 12)
		for i := range rates {
			rates[i] = load + deviation*rng.NormFloat64()
		}
		sum += poisson.forecast(rates, 3, 1)[2]
	}
	if mean := sum / rounds; mean < load || mean > load+1.2*deviation {
		t.Errorf("mean forecast of a steady load of %v ± %v is %.2f", load, deviation, mean)
	}
}
