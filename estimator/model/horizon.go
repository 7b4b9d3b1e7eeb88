package model

// column says how one step of a forecast is made of the outputs of the network:
// (1−weight)·before + weight·after.
type column struct {
	before, after int
	weight        float64
}

// columns returns the steps 1 to the last of the horizons, which are ascending.
// A step between two of them is on the straight line; one before the first is
// like the first, because what is now is not what will be needed.
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

// of returns the step of the forecast given the outputs for one service.
func (c column) of(outputs []float64) float64 {
	return (1-c.weight)*outputs[c.before] + c.weight*outputs[c.after]
}
