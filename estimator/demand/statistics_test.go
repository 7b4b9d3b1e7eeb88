package demand

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// A value that is none gets into no endless loop.
func TestQuantilesOfNaNEnd(t *testing.T) {
	values, weighted := make([]float64, 40), make([]Weighted, 40)
	for i := range values {
		values[i] = math.NaN()
		weighted[i] = Weighted{math.NaN(), 1}
	}
	if got, median := Quantile(values, 0.5), WeightedMedian(weighted); !math.IsNaN(got) || !math.IsNaN(median) {
		t.Errorf("quantile of NaN is %v and weighted median %v", got, median)
	}
}

// Selection finds what sorting finds, also among equal values.
func TestQuantilesAreThoseOfSortedValues(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		values := make([]float64, 1+rng.IntN(90))
		weighted := make([]Weighted, len(values))
		total := 0.0
		for i := range values {
			values[i] = float64(rng.IntN(40))
			weighted[i] = Weighted{values[i], float64(rng.IntN(4))}
			total += weighted[i].Weight
		}
		sorted := slices.Sorted(slices.Values(values))
		for _, q := range []float64{0, 0.1, 0.5, 0.9, 1} {
			if got, want := Quantile(values, q), sorted[int(q*float64(len(sorted)-1))]; got != want {
				t.Fatalf("%v-quantile of %v is %v, want %v", q, sorted, got, want)
			}
		}
		if total == 0 {
			continue
		}
		got, below := WeightedMedian(slices.Clone(weighted)), 0.0
		for _, v := range sorted {
			for i, w := range weighted {
				if w.Value == v {
					below += w.Weight
					weighted[i].Weight = 0
				}
			}
			if below >= total/2 {
				if got != v {
					t.Fatalf("weighted median of %v is %v, want %v", sorted, got, v)
				}
				break
			}
		}
	}
}
