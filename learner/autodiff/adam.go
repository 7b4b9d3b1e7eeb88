package autodiff

import (
	"fmt"
	"math"

	"gorgonia.org/gorgonia"
)

// Adam is the solver of Algorithm 2 (lines 3 and 5). It has decoupled weight
// decay and clips the gradient's norm. gorgonia's own Adam clones five tensors
// per parameter and step; this one allocates its two moments once.
type Adam struct {
	// Rate is the learning rate, which a schedule may change between steps.
	Rate float64
	// Decay is the weight decay per step and unit of rate.
	Decay float64
	// Decays marks the parameters that decay, in their order; nil is all of them.
	Decays []bool
	// Clip is the largest norm of the gradient of all parameters together; 0 is
	// no limit.
	Clip float64

	step    int
	moments [][2][]float32
}

const (
	beta1   = 0.9
	beta2   = 0.999
	adamEps = 1e-8
)

var _ gorgonia.Solver = (*Adam)(nil)

// Step implements [gorgonia.Solver]: it changes the parameters in place and sets
// their gradients to 0, as the tape machine requires.
func (a *Adam) Step(model []gorgonia.ValueGrad) error {
	type pair struct{ value, gradient []float32 }
	pairs := make([]pair, len(model))
	norm := 0.0
	for i, m := range model {
		g, err := m.Grad()
		if err != nil {
			return fmt.Errorf("gradient of parameter %d: %w", i, err)
		}
		if pairs[i].gradient, err = floats(g); err != nil {
			return err
		}
		if pairs[i].value, err = floats(m.Value()); err != nil {
			return err
		}
		for _, v := range pairs[i].gradient {
			norm += float64(v) * float64(v)
		}
	}
	if math.IsNaN(norm) || math.IsInf(norm, 0) {
		return fmt.Errorf("the norm of the gradient is %v", norm)
	}
	if a.moments == nil {
		for _, p := range pairs {
			a.moments = append(a.moments, [2][]float32{make([]float32, len(p.value)), make([]float32, len(p.value))})
		}
	}
	scale := 1.0
	if norm = math.Sqrt(norm); a.Clip > 0 && norm > a.Clip {
		scale = a.Clip / norm
	}
	a.step++
	rate := float32(a.Rate * math.Sqrt(1-math.Pow(beta2, float64(a.step))) / (1 - math.Pow(beta1, float64(a.step))))
	for i, p := range pairs {
		keep := float32(1)
		if a.Decays == nil || a.Decays[i] {
			keep -= float32(a.Rate * a.Decay)
		}
		adamStep(p.value, p.gradient, a.moments[i][0], a.moments[i][1], float32(scale), rate, keep)
	}
	return nil
}

func adamStep(value, gradient, first, second []float32, scale, rate, keep float32) {
	gradient, first, second = gradient[:len(value)], first[:len(value)], second[:len(value)]
	for j := range value {
		g := gradient[j] * scale
		gradient[j] = 0
		m := beta1*first[j] + (1-beta1)*g
		v := beta2*second[j] + (1-beta2)*g*g
		first[j], second[j] = m, v
		value[j] = keep*value[j] - rate*m/(float32(math.Sqrt(float64(v)))+adamEps)
	}
}
