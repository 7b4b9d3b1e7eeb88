package gnn

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestHeadDiscountsOlderSteps has the same in every step of the window, and changes
// the weights of one step at a time: what moves the outputs by 1 at the newest step
// moves them by γ to the power of its age at an older one.
func TestHeadDiscountsOlderSteps(t *testing.T) {
	c := Config{Services: 3, Window: 7, Features: 2, Outputs: 2, Hidden: 4, Kernel: 3, Blocks: 1}
	rng := rand.New(rand.NewPCG(4, 1))
	n, err := NewFloat64(c, rng)
	if err != nil {
		t.Fatal(err)
	}
	drawHead(n, rng)
	head, column, part := n.head, c.Services*c.Hidden, c.Hidden*c.Outputs
	x, change := normal(rng, column), normal(rng, part)
	var window []float64
	for range c.Window {
		window = append(window, x...)
	}
	outputs := func() []float64 {
		y := normal(rng, c.Services*c.Outputs) // forward writes, it does not add
		head.forward(window, y)
		return y
	}
	before := outputs()
	moved := func(step int) []float64 {
		weights := head.weight.Data[step*part : (step+1)*part]
		for i, v := range change {
			weights[i] += v
		}
		y := outputs()
		for i := range y {
			y[i] -= before[i]
		}
		for i, v := range change {
			weights[i] -= v
		}
		return y
	}
	newest := moved(c.Window - 1)
	for age := range c.Window {
		want := make([]float64, len(newest))
		for i, v := range newest {
			want[i] = v * math.Pow(discount, float64(age))
		}
		near(t, "change of the outputs", moved(c.Window-1-age), golds(want), 1e-12)
	}
}
