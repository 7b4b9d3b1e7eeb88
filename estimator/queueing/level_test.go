package queueing

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

const tick = 15 * time.Second

// batches returns the rates of a stream whose requests come in batches.
func batches(rng *rand.Rand, size, rate float64, steps int) []float64 {
	out := make([]float64, steps)
	for t := range out {
		count := 0.0
		for at := rng.ExpFloat64(); at < rate*tick.Seconds()/size; at += rng.ExpFloat64() {
			count += size
		}
		out[t] = count / tick.Seconds()
	}
	return out
}

// Replicas are held for the highest level of five minutes, so that is what noise costs.
func TestLevelOfNoiseIsItsMean(t *testing.T) {
	const rate, rounds, window, hold = 100.0, 200, 40, 20
	rng := rand.New(rand.NewPCG(3, 1))
	var mean, highest, followed float64
	for range rounds {
		rates := batches(rng, 100, rate, window+hold)
		most, most1 := 0.0, 0.0
		for from := range hold {
			part := rates[from : from+window]
			n := observeVariation(part, tick)
			level := n.level(part, 0)
			mean += level / (rounds * hold)
			most, most1 = max(most, level), max(most1, n.level(part, 1))
		}
		highest += most / rounds
		followed += most1 / rounds
	}
	if mean < 0.9*rate || mean > 1.15*rate {
		t.Errorf("the mean level is %.1f, want nearly %v", mean, rate)
	}
	if highest > 1.45*rate || highest > 0.85*followed {
		t.Errorf("the highest level of five minutes is %.1f for a rate of %v, want at most 1.45 times as much and 0.85 of the %.1f of a load that jumps", highest, rate, followed)
	}
}

func TestLevelFollowsWhatExceedsChance(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 2))
	calm := batches(rng, 30, 100, 40)
	tests := []struct {
		name  string
		rates []float64
		jumps float64
		want  float64
	}{
		{"a jump of a noisy rate", append(slices.Clone(calm), 500), 0, 500},
		{"of a load that jumps by less", append(slices.Clone(calm), slices.Max(calm)+1), 1, slices.Max(calm) + 1},
		{"a small rise of many single requests", append(batches(rng, 1, 500, 40), 540), 0, 540},
		{"the first sample", []float64{missing, 7}, 0, 7},
	}
	for _, tt := range tests {
		if got := observeVariation(tt.rates, tick).level(tt.rates, tt.jumps); got != tt.want {
			t.Errorf("%s: level %v, want the newest sample, %v", tt.name, got, tt.want)
		}
	}
}

func TestLevelFollowsARamp(t *testing.T) {
	for _, size := range []float64{1, 30} {
		rng := rand.New(rand.NewPCG(3, 3))
		rates := batches(rng, size, 300, 40)
		for i := range 8 { // two minutes to three times the rate
			rates[32+i] *= 1 + float64(i+1)/4
		}
		if got := observeVariation(rates, tick).level(rates, 0); got < 600 {
			t.Errorf("batches of %v: level %.0f after a rise from 300 to 900, want at least 600", size, got)
		}
	}
}

func TestLevelSkipsMissingSamples(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	rates := batches(rng, 50, 100, 40)
	var gaps []float64
	for _, v := range rates {
		gaps = append(gaps, missing, v)
	}
	n := observeVariation(rates, tick)
	for _, jumps := range []float64{0, 0.5, 1} {
		if got, want := n.level(gaps, jumps), n.level(rates, jumps); got != want {
			t.Errorf("level with gaps %v, without %v", got, want)
		}
	}
}

// shop has an entry with many users, one with few who call in batches, and one more with
// neither.
func shop(rng *rand.Rand) ([]station, *network) {
	var stations []station
	var calls []estimator.Call
	for i, rates := range [][]float64{batches(rng, 1, 20, 40), batches(rng, 150, 150, 40), batches(rng, 1, 0.2, 40)} {
		stations = append(stations, *stationOf(rates, []float64{2}, 0.01, 0))
		calls = append(calls, estimator.Call{Source: estimator.Outside, Destination: i, Rate: 1})
	}
	return stations, newNetwork(stations, &estimator.CallGraph{Calls: calls})
}

func TestTrafficTellsJumpsFromNoise(t *testing.T) {
	for seed := range uint64(20) {
		stations, net := shop(rand.New(rand.NewPCG(4, seed)))
		if got := net.observeArrivals(stations, 5, tick).moved; got > 0.3 {
			t.Errorf("seed %d: noise moves the load by %.2f", seed, got)
		}
		stations[0].Requests[39] *= 3
		if got := net.observeArrivals(stations, 5, tick).moved; got != 1 {
			t.Errorf("seed %d: three times the users move the load by %.2f, want 1", seed, got)
		}
	}
}

// A service whose CPU is used up by one batch hides no more than the users of the
// application have grown.
func TestSaturationByChanceHidesLittle(t *testing.T) {
	hidden := func(users float64) float64 {
		stations, net := shop(rand.New(rand.NewPCG(4, 100)))
		s := &stations[1]
		s.Requests[38] = 150
		s.Requests[39] = 290
		s.CPU[39] = 0.97
		stations[0].Requests[39] *= users
		return net.findHidden(DefaultConfig(), stations, net.observeLatencies(stations), net.observeArrivals(stations, 4, tick), make([]float64, len(stations))).rates[1]
	}
	if got := hidden(1); got > 1.3*290 {
		t.Errorf("one batch hides %.0f requests per second, want hardly more than the 290 answered", got)
	}
	if got := hidden(3); got < 1.9*290 {
		t.Errorf("with three times the users a saturated service hides %.0f requests per second, want far more than the 290 answered", got)
	}
}
