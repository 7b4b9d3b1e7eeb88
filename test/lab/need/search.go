package need

import (
	"math"
	"runtime"
)

func parallel() int { return runtime.GOMAXPROCS(0) }

// Response returns the mean response time of users in seconds, given the work, the visits
// for each request and the replicas of every service.
func (m *Measured) Response(busy, visits, replicas []float64) float64 {
	sum := m.offset
	for i, n := range replicas {
		sum += visits[i] * m.own(i, busy[i], n)
	}
	return sum
}

// Unloaded returns the seconds that requests stay in each service without its callees
// while it has replicas in plenty.
func (m *Measured) Unloaded() []float64 {
	out := make([]float64, len(m.application.Services))
	for i := range out {
		out[i] = math.Inf(1)
		for k := range m.levels {
			out[i] = min(out[i], max(0, m.levels[k].points[i][0].own))
		}
	}
	return out
}

// Replicas returns the cheapest replicas, in steps of the given size, with which the
// mean response stays within a target in seconds: from the fewest that carry the
// work on, whichever gains most for its CPU gets the next one. No service has less
// than one. It returns the fewest that leave nothing to gain where the target
// cannot be kept.
func (m *Measured) Replicas(busy, visits []float64, target, size float64) []float64 {
	n := make([]float64, len(busy))
	for i, b := range busy {
		n[i] = max(1, math.Ceil(b/0.95/size)*size)
		for m.own(i, b, n[i]) == math.Inf(1) {
			n[i] += size
		}
	}
	gain := func(i int) float64 {
		saved := visits[i] * (m.own(i, busy[i], n[i]) - m.own(i, busy[i], n[i]+size))
		return saved / float64(m.application.Services[i].Resources.Limits.CPU)
	}
	gains := make([]float64, len(busy))
	for i := range gains {
		gains[i] = gain(i)
	}
	for response := m.Response(busy, visits, n); response > target; {
		best := 0
		for i, g := range gains {
			if g > gains[best] {
				best = i
			}
		}
		if gains[best] <= 0 {
			break
		}
		before := visits[best] * m.own(best, busy[best], n[best])
		n[best] += size
		response += visits[best]*m.own(best, busy[best], n[best]) - before
		gains[best] = gain(best)
	}
	return n
}
