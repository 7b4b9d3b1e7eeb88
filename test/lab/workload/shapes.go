package workload

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/deepscaler/deepscaler/test/testbed/load"
)

// kinds are all sorts of load but files.
func kinds() []kind {
	hours := func(name string, value float64) parameter {
		return parameter{name: name, value: value, time: true, least: 1, most: 7 * 24 * 3600}
	}
	factor := func(name string, value float64) parameter {
		return parameter{name: name, value: value, least: 0, most: 100}
	}
	pattern := parameter{name: "pattern", value: 1, least: 0, most: 1e6}
	period := func(p map[string]float64) float64 { return p["period"] }
	day := func(length, noise, drift float64) []parameter {
		return []parameter{hours("period", length), factor("low", 0.4), factor("noise", noise), factor("drift", drift), pattern}
	}
	all := []kind{
		{name: "sequence", about: "the shapes of Fig. 8a in random order, each one to three times this length", parameters: []parameter{hours("length", usualLength)}, make: sequence},
		{name: "day", about: "a day squeezed into a period, with noise, and drift from day to day", parameters: day(2*3600, 0.05, 0.05), make: days, period: period},
		{name: "peaks", about: "peaks at the same times of every period", parameters: []parameter{
			hours("period", 3600), {name: "peaks", value: 3, least: 1, most: 20}, factor("height", 3), hours("length", 240), hours("rise", 20), factor("noise", 0.05), pattern,
		}, make: peaks, period: period},
		{name: "bursts", about: "a burst at the end of every period, or earlier by up to a share of it", parameters: []parameter{
			hours("period", 900), factor("height", 4), hours("length", 120), {name: "jitter", most: 1}, factor("noise", 0.05),
		}, make: bursts, period: period},
		{name: "jumps", about: "jumps to another level at random times", parameters: []parameter{hours("every", 600), factor("low", 0.5), factor("high", 4), factor("noise", 0.02)}, make: jumps},
		{name: "diurnal", about: "a whole day of 24 h", parameters: day(24*3600, 0.03, 0.05), make: days, period: period},
		{name: "wikipedia", about: "days of 24 h with weekends and swells as in the request logs of Wikipedia", parameters: append(day(24*3600, 0.04, 0.05), factor("weekend", 0.8), factor("swells", 0.2)), make: days, period: func(p map[string]float64) float64 { return 7 * p["period"] }},
	}
	for _, name := range load.Names() {
		all = append(all, kind{name: name, about: "one shape of Fig. 8a, repeated", make: shape(name)})
	}
	return all
}

// shape repeats one of the testbed's profiles, with other noise each time.
func shape(name string) func(map[string]float64, *rand.Rand, int) (load.Profile, error) {
	return func(_ map[string]float64, random *rand.Rand, seconds int) (load.Profile, error) {
		var all load.Profile
		for len(all) < seconds {
			p, err := load.Generate(name, 1, random.Uint64())
			if err != nil {
				return nil, err
			}
			all = append(all, p...)
		}
		return all[:seconds], nil
	}
}

func sequence(p map[string]float64, random *rand.Rand, seconds int) (load.Profile, error) {
	return Sequence(1, seconds, p["length"]/usualLength, random)
}

// usualLength is how long the shapes of the testbed last, in seconds.
const usualLength = 600

// Lowest and Highest bound a [Sequence], as factors on its base.
const (
	Lowest  = 0.5
	Highest = 4.5
)

// Sequence returns a load of that many seconds that goes through the shapes of Fig. 8a of
// the paper: slight and sharp rises and falls, continuous fluctuation and bursts, in
// random order, each one to three times as long as a factor on its length in the testbed, and
// each beginning at the level at which the one before ended. In a fixed order they
// would make a season, and the seasonal-naive forecast hard to beat.
func Sequence(from float64, seconds int, length float64, random *rand.Rand) (load.Profile, error) {
	// A burst alone is short.
	const longest, together = 3, 6
	names := []string{"slight-rise", "sharp-rise", "slight-fall", "sharp-fall", "fluctuation", "burst"}
	var all load.Profile
	level := from
	for len(all) < seconds {
		name := names[random.IntN(len(names))]
		p, err := load.Generate(name, 1, random.Uint64())
		if err != nil {
			return nil, err
		}
		if name == "burst" {
			p = slices.Repeat(p, together)
		}
		p = stretch(p, length*(1+(longest-1)*random.Float64())).Scale(level / p[0])
		// Somewhere within the bounds a slight rise or fall always fits.
		if slices.Min(p) >= Lowest*from && slices.Max(p) <= Highest*from {
			all = append(all, p...)
			level = p[len(p)-1]
		}
	}
	return all[:seconds], nil
}

// stretch makes a profile longer, or shorter by a factor below 1.
func stretch(p load.Profile, factor float64) load.Profile {
	out := make(load.Profile, max(1, int(float64(len(p))*factor)))
	for i := range out {
		out[i] = p.At(min(float64(i)/factor, float64(len(p)-1)))
	}
	return out
}

// jumps holds each level for a random time. The levels are far apart and near each other
// alike: their logarithms are uniform.
func jumps(p map[string]float64, random *rand.Rand, seconds int) (load.Profile, error) {
	low, high := max(0.01, min(p["low"], p["high"])), max(0.01, p["low"], p["high"])
	all := make(load.Profile, 0, seconds)
	wobble := noise(random, p["noise"])
	for len(all) < seconds {
		level := low * math.Pow(high/low, random.Float64())
		for range min(seconds-len(all), 1+int(random.ExpFloat64()*p["every"])) {
			all = append(all, level*wobble())
		}
	}
	return all, nil
}
