package main

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/deepscaler/deepscaler/test/lab/workload"
	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/load"
)

const patternStream = 0x7061

// patterns returns a load of that many seconds that goes through the patterns of Fig.
// 8a of the paper in random order.
func patterns(from float64, seconds int, seed uint64) (load.Profile, error) {
	return workload.Sequence(from, seconds, 1, rand.New(rand.NewPCG(seed, patternStream)))
}

// base is the load that patterns start from.
type base struct {
	// rps is requests per second of users.
	rps float64
	// replicas are those that every service needs then.
	replicas []int
}

// baseOf returns the load at which the busiest service needs that many replicas of
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
