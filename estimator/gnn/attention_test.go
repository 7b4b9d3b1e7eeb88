package gnn

import (
	"math/rand/v2"
	"testing"
)

// TestFreshAttentionStaysAtTheStep checks that a new network attends from every
// step to that step, however many services there are: all the others together get
// little of the weight.
func TestFreshAttentionStaysAtTheStep(t *testing.T) {
	for seed := range uint64(10) {
		for _, c := range []Config{
			{Services: 4, Window: 6, Features: 3, Outputs: 1, Hidden: 8, Kernel: 3, Blocks: 1},
			{Services: 41, Window: 12, Features: 5, Outputs: 1, Hidden: 8, Kernel: 3, Blocks: 1},
			{Services: 300, Window: 24, Features: 5, Outputs: 1, Hidden: 8, Kernel: 3, Blocks: 1},
		} {
			rng := rand.New(rand.NewPCG(seed, 1))
			n, err := NewFloat64(c, rng)
			if err != nil {
				t.Fatal(err)
			}
			silence := make([]float64, c.Window*c.Services*c.Features)
			for input, x := range map[string][]float64{"silence": silence, "noise": normal(rng, len(silence))} {
				w := n.newWorker()
				w.Forward(x, make([]float64, n.BasisSize()), make([]float64, c.Services*c.Outputs))
				for i := range c.Window {
					if own := w.acts[0].attention.weights[i*c.Window+i]; !(own >= 0.8 && own <= 1) {
						t.Errorf("seed %d, %d services, %d steps of %s: step %d has the weight %v in its own row, want 0.8 to 1", seed, c.Services, c.Window, input, i, own)
					}
				}
			}
		}
	}
}
