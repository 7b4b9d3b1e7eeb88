package workload

import (
	"math"
	"math/rand/v2"

	"github.com/deepscaler/deepscaler/test/testbed/load"
)

// noise returns factors around 1, one for each second, that stay above or below for a
// minute or two, with a standard deviation.
func noise(random *rand.Rand, deviation float64) func() float64 {
	const memory = 60 // seconds
	keep := math.Exp(-1.0 / memory)
	fresh := math.Sqrt(1 - keep*keep)
	state := random.NormFloat64()
	return func() float64 {
		state = keep*state + fresh*random.NormFloat64()
		return max(0, 1+deviation*state)
	}
}

// days are the same curve in each period, scaled by a drift that wanders from day to
// day: mostly a morning and an evening peak, by the pattern.
func days(p map[string]float64, random *rand.Rand, seconds int) (load.Profile, error) {
	curve := dayCurve(rand.New(rand.NewPCG(uint64(p["pattern"]), patternStream)), p["low"])
	all := make(load.Profile, seconds)
	wobble := noise(random, p["noise"])
	drift, swell, day := 0.0, 0.0, -1
	for t := range all {
		x := float64(t) / p["period"]
		if int(x) > day {
			day = int(x)
			drift = 0.7*drift + p["drift"]*random.NormFloat64()
		}
		f := curve(x-math.Floor(x)) * math.Exp(drift)
		if w, weekly := p["weekend"]; weekly && day%7 >= 5 {
			f *= w
		}
		if s := p["swells"]; s > 0 {
			// About one in a day, of an hour: an article in the news.
			if random.Float64() < 1/p["period"] {
				swell += s * random.ExpFloat64()
			}
			swell *= math.Exp(-24 / p["period"])
			f *= 1 + swell
		}
		all[t] = f * wobble()
	}
	return all, nil
}

// dayCurve returns a curve over one day with maximum 1 and the minimum low: two
// harmonics, of which the pattern decides phase and weight.
func dayCurve(pattern *rand.Rand, low float64) func(x float64) float64 {
	first, second := 0.3+0.1*pattern.Float64(), 0.1+0.2*pattern.Float64()
	weight := 0.3 + 0.4*pattern.Float64()
	raw := func(x float64) float64 {
		return -math.Cos(2*math.Pi*(x-first+0.4)) + weight*math.Cos(4*math.Pi*(x-second))
	}
	least, most := math.Inf(1), math.Inf(-1)
	for i := range 1440 {
		v := raw(float64(i) / 1440)
		least, most = min(least, v), max(most, v)
	}
	return func(x float64) float64 {
		return low + (1-low)*min(1, max(0, (raw(x)-least)/(most-least)))
	}
}

// peaks rise at times that the pattern draws, by heights that differ a little each time.
func peaks(p map[string]float64, random *rand.Rand, seconds int) (load.Profile, error) {
	pattern := rand.New(rand.NewPCG(uint64(p["pattern"]), patternStream))
	n := int(p["peaks"])
	starts := make([]float64, n)
	for i := range starts {
		// One in each part of the period, so that they do not fall together.
		starts[i] = (float64(i) + 0.6*pattern.Float64()) / float64(n) * p["period"]
	}
	heights := func() float64 { return 1 + (p["height"]-1)*max(0, 1+2*p["noise"]*random.NormFloat64()) }
	wobble := noise(random, p["noise"])
	height, inPeak := 1.0, false
	all := make(load.Profile, seconds)
	for t := range all {
		at := math.Mod(float64(t), p["period"])
		v := 0.0
		for _, start := range starts {
			v = max(v, trapezoid(at-start, p["length"], p["rise"]))
		}
		if v > 0 && !inPeak {
			height = heights()
		}
		inPeak = v > 0
		all[t] = (1 + (height-1)*v) * wobble()
	}
	return all, nil
}

// trapezoid rises from 0 to 1 and falls again within a length.
func trapezoid(t, length, rise float64) float64 {
	return max(0, min(1, t/rise, (length-t)/rise))
}

// bursts come once in each period at full height within a second.
func bursts(p map[string]float64, random *rand.Rand, seconds int) (load.Profile, error) {
	wobble := noise(random, p["noise"])
	all := make(load.Profile, seconds)
	period := -1
	start := 0.0
	for t := range all {
		if n := int(float64(t) / p["period"]); n > period {
			period = n
			early := p["jitter"] * random.Float64() * max(0, p["period"]-p["length"])
			start = float64(n+1)*p["period"] - p["length"] - early
		}
		all[t] = wobble()
		if at := float64(t) - start; at >= 0 && at < p["length"] {
			all[t] *= p["height"]
		}
	}
	return all, nil
}
