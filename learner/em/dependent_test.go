package em

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// series returns so many rows of a series per service from what each row has.
func series(services, rows int, of func(row []float64)) [][]float64 {
	out, row := make([][]float64, services), make([]float64, services)
	for range rows {
		of(row)
		for i, v := range row {
			out[i] = append(out[i], v)
		}
	}
	return out
}

func pairsOf(edges []float32, services int) (pairs [][2]int) {
	for i, v := range edges {
		if v > 0 {
			pairs = append(pairs, [2]int{i / services, i % services})
		}
	}
	return pairs
}

// An entry (0) calls a catalogue (1) for every page and a checkout (2) for every order,
// which calls the catalogue thrice and a payment (3). The entry calls an advertisement (4) for
// the pages that are no orders, so all others tell the catalogue's requests without the checkout.
func TestCallersAreFoundBesideSiblings(t *testing.T) {
	for seed := range uint64(10) {
		random := rand.New(rand.NewPCG(seed, 1))
		requests := series(5, 400, func(row []float64) {
			pages := 100 + 10*random.NormFloat64()
			orders := 10 + 3*random.NormFloat64()
			row[0], row[1], row[2], row[3] = pages, pages+3*orders+5*random.NormFloat64(), orders, orders
			row[4] = pages - orders + random.NormFloat64()
		})
		got := Dependent(requests, []float64{1, 0.001, 0.1, 0.0011, 0.01})
		for _, call := range [][2]int{{0, 1}, {0, 4}, {2, 1}, {2, 3}} {
			if got[call[0]*5+call[1]] == 0 {
				t.Errorf("seed %d: the pair %v is missing in %v", seed, call, got)
			}
		}
		if got[4*5+3] > 0 || got[4*5+2] > 0 {
			t.Errorf("seed %d: orders rise with advertisements in %v", seed, got)
		}
	}
}

// Service 1 rises with 0, 2 with 1, and 3 by itself. None could call another one.
func TestLoadThatRisesTogetherIsFound(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	requests := series(4, 400, func(row []float64) {
		row[0], row[3] = random.NormFloat64(), random.NormFloat64()
		row[1] = row[0] + random.NormFloat64()/2
		row[2] = row[1] + random.NormFloat64()/2
	})
	unknown := math.NaN()
	got := pairsOf(Dependent(requests, []float64{unknown, unknown, unknown, unknown}), 4)
	if diff := cmp.Diff([][2]int{{0, 1}, {1, 0}, {1, 2}, {2, 1}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Payment (0) and email (1) get the same requests, seen at other scrapes, so either explains the
// other. Shipping (2) gets two for each of theirs, beside those of carts (3).
func TestServicesWithTheSameRequestsAreRelatedToTheSameOnes(t *testing.T) {
	for seed := range uint64(10) {
		random := rand.New(rand.NewPCG(seed, 2))
		requests := series(4, 400, func(row []float64) {
			orders, carts := 100+20*random.NormFloat64(), 300+40*random.NormFloat64()
			row[0], row[1] = orders, orders+0.1*random.NormFloat64()
			row[2], row[3] = 2*orders+carts+5*random.NormFloat64(), carts
		})
		unknown := math.NaN()
		got := pairsOf(Dependent(requests, []float64{unknown, unknown, unknown, unknown}), 4)
		want := [][2]int{{0, 1}, {0, 2}, {1, 0}, {1, 2}, {2, 0}, {2, 1}, {2, 3}, {3, 2}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("seed %d (-want +got):\n%s", seed, diff)
		}
	}
}

// A caller has to have the time for its calls, and to call often.
func TestCallsFitIntoTheLatencyOfTheCaller(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	requests := series(2, 200, func(row []float64) {
		row[0] = 10 + random.NormFloat64()
		row[1] = 5 * row[0]
	})
	for name, tt := range map[string]struct {
		latency []float64
		want    [][2]int
	}{
		"five calls take as long":         {[]float64{0.5, 0.1}, [][2]int{{0, 1}}},
		"five calls take longer":          {[]float64{0.4, 0.1}, nil},
		"a fifth of a call":               {[]float64{0.1, 0.4}, nil},
		"the caller's latency is unknown": {[]float64{math.NaN(), 0.1}, nil},
		"the other latency is unknown":    {[]float64{0.5, math.NaN()}, nil},
	} {
		load, scale := make([][]float64, 2), make([]float64, 2)
		for i, r := range requests {
			load[i] = slices.Clone(r)
			scale[i] = standardise(load[i])
		}
		got := make([]float32, 4)
		addCallers(got, load, scale, tt.latency)
		if diff := cmp.Diff(tt.want, pairsOf(got, 2)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Services whose load lasts for ten steps are alike for long, by chance.
func TestLoadThatLastsIsUnrelated(t *testing.T) {
	random, found := rand.New(rand.NewPCG(2, 1)), 0
	for range 10 {
		at := make([]float64, 6)
		requests := series(6, 400, func(row []float64) {
			for k := range at {
				at[k] = 0.9*at[k] + random.NormFloat64()
				row[k] = 100 + at[k]
			}
		})
		found += len(pairsOf(Dependent(requests, []float64{6, 5, 4, 3, 2, 1}), 6))
	}
	if found > 5 {
		t.Errorf("%d of 150 pairs are related", found)
	}
}

// Whatever is strange in the requests, there is an answer.
func TestDependentOfStrangeRequests(t *testing.T) {
	unknown := math.NaN()
	for name, requests := range map[string][][]float64{
		"none":              {},
		"too few steps":     {{1, 2}, {1, 2}},
		"nothing known":     {{unknown, unknown, unknown, unknown, unknown, unknown, unknown, unknown, unknown, unknown}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 1}},
		"always the same":   {{5, 5, 5, 5, 5, 5, 5, 5, 5, 5}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 1}},
		"one at the start":  {{9, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {1, 2, 3, 2, 1, 2, 3, 2, 1, 1}},
		"no request at all": {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0}},
	} {
		if got := pairsOf(Dependent(requests, []float64{2, 1}), len(requests)); got != nil {
			t.Errorf("%s: pairs %v, want none", name, got)
		}
	}
}
