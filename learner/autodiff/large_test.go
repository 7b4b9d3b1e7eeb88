package autodiff

import (
	"math/rand/v2"
	"testing"
)

// TestThreeHundredServices trains a large application for a few steps, on the same
// batch, so that the loss has to fall.
func TestThreeHundredServices(t *testing.T) {
	c := trainTicket
	c.Services, c.Blocks, c.Hidden = 300, 1, 32
	rng := rand.New(rand.NewPCG(5, 6))
	p, err := NewPolicy(newModel(t, c), Objective{Batch: 2, Quantiles: []float32{0.5}, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	copy(p.Affinity, randomGraph(rng, c.Services))
	fill(p.X, rng)
	fill(p.Y, rng)
	var losses []float64
	solver := &Adam{Rate: 1e-3}
	for range 4 {
		loss, err := p.Step(solver)
		if err != nil {
			t.Fatal(err)
		}
		losses = append(losses, loss)
	}
	if !(losses[3] < losses[0]) {
		t.Errorf("the losses of four steps are %v, want them to fall", losses)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}
