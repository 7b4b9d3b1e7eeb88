package em

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/deepscaler/deepscaler/learner/autodiff"
)

// TestDisturbedServicesHaveNoLabels disturbs many samples: inputs change exactly where
// labels are hidden, and each sample keeps a label.
func TestDisturbedServicesHaveNoLabels(t *testing.T) {
	m, _, c := lesson(t)
	c.Disturb = 0.5
	s := &session{config: c, model: m, rng: rand.New(rand.NewPCG(1, 1))}
	shape := m.Config()
	const samples = 400
	size, outputs := shape.Window*shape.Services*shape.Features, shape.Services*shape.Outputs
	b := autodiff.Batch{X: make([]float32, samples*size), Y: make([]float32, samples*outputs)}
	for i := range b.X {
		b.X[i] = float32(i % size)
	}
	s.disturb(b, samples-1)
	disturbed := 0
	for i := range samples {
		hidden := 0
		for n := range shape.Services {
			changed := false
			for step := range shape.Window {
				k := (step*shape.Services + n) * shape.Features
				changed = changed || b.X[i*size+k] != float32(k)
			}
			if unknown := math.IsNaN(float64(b.Y[i*outputs+n])); unknown != changed {
				t.Errorf("sample %d, service %d: inputs changed is %t, label hidden %t", i, n, changed, unknown)
			} else if unknown {
				hidden++
			}
		}
		if hidden == shape.Services || i == samples-1 && hidden > 0 {
			t.Errorf("sample %d has %d hidden labels", i, hidden)
		}
		if hidden > 0 {
			disturbed++
		}
	}
	if disturbed < samples/4 || disturbed > 2*samples/3 {
		t.Errorf("%d of %d samples were disturbed, want between a quarter and two thirds", disturbed, samples)
	}
}
