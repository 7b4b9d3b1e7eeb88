package main

import (
	"math"
	"time"

	"github.com/deepscaler/deepscaler/test/testbed/simulate"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

const (
	// wanted is the utilisation that replicas are meant to have: CPU used ÷ limit.
	wanted = 0.6
	// tolerated is the deviation from it that nothing is done about, as in the
	// horizontal pod autoscaler of Kubernetes.
	tolerated = 0.1
	// late is how many steps pass between a decision and what it does.
	late = 2
	// mostReplicas is the most that a service has.
	mostReplicas = 50
)

// follower is a schedule of replicas that reacts to utilisation, step by step.
type follower struct {
	engine   *simulation.Engine
	step     float64
	before   []simulation.Totals
	pending  [][]int // decisions, the oldest first
	replicas []int
	limits   []float64
}

var _ simulate.Schedule = (*follower)(nil)

// newFollower returns a schedule for an engine that goes on by a step between two
// calls. It starts with the given replicas.
func newFollower(e *simulation.Engine, step time.Duration, replicas []int) *follower {
	f := &follower{engine: e, step: step.Seconds(), replicas: replicas}
	for i, s := range e.Application().Services {
		f.limits = append(f.limits, float64(s.Resources.Limits.CPU))
		f.before = append(f.before, e.Totals(i))
	}
	return f
}

// Replicas implements [simulate.Schedule].
func (f *follower) Replicas(float64) []int {
	decision := make([]int, len(f.limits))
	for i, limit := range f.limits {
		now := f.engine.Totals(i)
		used := (now.CPU - f.before[i].CPU) / f.step
		had := (now.Ready - f.before[i].Ready) / f.step
		f.before[i] = now
		decision[i] = decide(used/limit, had, f.replicas[i])
	}
	f.pending = append(f.pending, decision)
	if len(f.pending) > late {
		f.replicas = f.pending[0]
		f.pending = f.pending[1:]
	}
	return f.replicas
}

// decide returns the replicas for a service, given the CPU that it used in full replicas, and
// its ready and desired replicas.
func decide(used, ready float64, desired int) int {
	// Without a ready replica, as before the first step, nothing is known.
	if ready == 0 || math.Abs(used/ready/wanted-1) <= tolerated {
		return desired
	}
	return min(mostReplicas, max(1, int(math.Ceil(used/wanted))))
}
