package model

// column computes one step of a forecast from the outputs of the network:
// (1−weight)·before + weight·after.
type column struct {
	before, after int
	weight        float64
}

// columns returns the steps from 1 to the last of the horizons, which are
// ascending. A step between two horizons is on the straight line between them.
// A step before the first equals the first, because the present replicas say
// nothing about the need.
func columns(horizons []int) []column {
	var out []column
	for o, ahead := range horizons {
		first, from := len(out), max(0, o-1)
		for step := first + 1; step <= ahead; step++ {
			c := column{before: from, after: o}
			if o > 0 {
				c.weight = float64(step-first) / float64(ahead-first)
			}
			out = append(out, c)
		}
	}
	return out
}

// between returns the step of the forecast given the values at the two horizons.
func (c column) between(before, after float64) float64 {
	return before + c.weight*(after-before)
}
