package demand

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func TestMovement(t *testing.T) {
	const step, windows = 15 * time.Second, 100
	load := func(rate func(t int) float64, seed uint64) []float64 {
		rng := rand.New(rand.NewPCG(seed, 1))
		all := make([]float64, 80)
		for i := range all {
			v := rate(i)
			all[i] = max(0, v+rng.NormFloat64()*math.Sqrt(v/step.Seconds()))
		}
		return all
	}
	for name, tt := range map[string]struct {
		rate     func(t int) float64
		low, top float64
	}{
		"constant":                  {func(int) float64 { return 200 }, 0, 0.1},
		"constant, of few requests": {func(int) float64 { return 0.5 }, 0, 0.1},
		"a slow rise":               {func(t int) float64 { return 200 + float64(t) }, 0, 0.1},
		"a fall":                    {func(t int) float64 { return 500 - 400*float64(t/40) }, 0, 0.1},
		"a jump":                    {func(t int) float64 { return 100 + 200*float64(t/40) }, 1, 1},
		"a jump that has passed":    {func(t int) float64 { return 100 + 200*float64(t/20%2) }, 1, 1},
		"half as much within a lead time": {func(t int) float64 {
			return 200 + 25*float64(min(max(t-40, 0), 4))
		}, 0.9, 1},
		"from nothing": {func(t int) float64 { return 50 * float64(t/40) }, 1, 1},
		"missing":      {func(int) float64 { return math.NaN() }, 1, 1},
	} {
		sum := 0.0
		for seed := range uint64(windows) {
			sum += Movement(load(tt.rate, seed), 4, step)
		}
		if mean := sum / windows; !(mean >= tt.low && mean <= tt.top) {
			t.Errorf("%s: mean movement %v, want %v to %v", name, mean, tt.low, tt.top)
		}
	}
	if got := Movement([]float64{1, 2, 3}, 4, step); got != 1 {
		t.Errorf("movement %v of a window that is too short, want 1", got)
	}
}
