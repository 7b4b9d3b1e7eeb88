package main

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/load"
)

// Bounds of the load, as factors on its base.
const (
	lowest  = 0.5
	highest = 4.5
)

const (
	patternStream = 0x7061
	// longest is how many times as long as the testbed has it a pattern may take.
	longest = 3
	// bursts is how many of them make a pattern: one alone is short.
	bursts = 6
)

// patterns returns a load of so many seconds that goes through the patterns of Fig.
// 8a of the paper: slight and sharp rises and falls, continuous fluctuation and
// bursts, in random order, each as long as the testbed has it up to longest times
// that, and each beginning at the level at which the one before ended. In a fixed
// order they would make a season, and the seasonal-naive forecast hard to beat.
func patterns(from float64, seconds int, seed uint64) (load.Profile, error) {
	random := rand.New(rand.NewPCG(seed, patternStream))
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
			p = slices.Repeat(p, bursts)
		}
		p = stretch(p, 1+(longest-1)*random.Float64()).Scale(level / p[0])
		// Somewhere within the bounds a slight rise or fall always fits.
		if slices.Min(p) >= lowest*from && slices.Max(p) <= highest*from {
			all = append(all, p...)
			level = p[len(p)-1]
		}
	}
	return all[:seconds], nil
}

// stretch makes a profile longer.
func stretch(p load.Profile, factor float64) load.Profile {
	out := make(load.Profile, int(float64(len(p))*factor))
	for i := range out {
		out[i] = p.At(min(float64(i)/factor, float64(len(p)-1)))
	}
	return out
}

// base is the load that patterns start from.
type base struct {
	// rps is requests per second of users.
	rps float64
	// replicas are those that every service needs then.
	replicas []int
}

// baseOf returns the load at which the busiest service needs so many replicas of
// the wanted utilisation.
func baseOf(a *app.Application, replicas float64) (base, error) {
	weights, err := a.Users.Mix(app.DefaultMix)
	if err != nil {
		return base{}, err
	}
	visits, err := a.Visits(weights)
	if err != nil {
		return base{}, err
	}
	needs := make([]float64, len(a.Services)) // replicas for one request per second
	for i, s := range a.Services {
		room := wanted*float64(s.Resources.Limits.CPU) - float64(s.Idle.CPU)
		if needs[i] = visits.CPU[i] / visits.Requests / room; !(room > 0) {
			return base{}, fmt.Errorf("service %s alone uses %v of its CPU limit when idle, want less than %v", s.Name, float64(s.Idle.CPU/s.Resources.Limits.CPU), wanted)
		}
	}
	b := base{rps: replicas / slices.Max(needs)}
	if math.IsInf(b.rps, 0) {
		return base{}, errors.New("no service of the application needs any CPU time")
	}
	for _, n := range needs {
		b.replicas = append(b.replicas, max(1, int(math.Ceil(n*b.rps-1e-9))))
	}
	return b, nil
}
