package em

import (
	"github.com/deepscaler/deepscaler/learner/autodiff"
)

// disturb makes nonsense of the features of some services in a share of the samples, and
// hides the labels of these services. So the network learns to predict the others when
// what it sees of their neighbours fits no day of the training part, as after a change of
// the mix of requests. Half of those samples have the steps of each series in a random
// order and noise, the others a level and a scale of its own.
func (s *session) disturb(b autodiff.Batch, samples int) {
	if s.config.Disturb == 0 {
		return
	}
	c := s.model.Config()
	size, outputs := c.Window*c.Services*c.Features, c.Services*c.Outputs
	for i := range samples {
		if s.rng.Float64() >= s.config.Disturb {
			continue
		}
		share := s.rng.Float64()
		disturbed := make([]bool, c.Services)
		for n := range disturbed {
			disturbed[n] = s.rng.Float64() < share
		}
		if y := b.Y[i*outputs : (i+1)*outputs]; hide(y, disturbed) {
			s.disturbInputs(b.X[i*size:(i+1)*size], disturbed)
		}
	}
}

// hide makes the labels of services unknown, unless no other label is known. It reports
// whether it did.
func hide(y []float32, services []bool) bool {
	outputs, left := len(y)/len(services), 0
	for n, hidden := range services {
		if !hidden {
			left += known(y[n*outputs : (n+1)*outputs])
		}
	}
	if left == 0 {
		return false
	}
	for i := range y {
		if services[i/outputs] {
			y[i] = unknown
		}
	}
	return true
}

// mostDisturbed is the standard deviation of the levels.
const mostDisturbed = 3

func (s *session) disturbInputs(x []float32, disturbed []bool) {
	c := s.model.Config()
	column := c.Services * c.Features
	scramble, factor := s.rng.Float64() < 0.5, float32(2*s.rng.Float64())
	for k := range column {
		if !disturbed[k/c.Features] {
			continue
		}
		if !scramble {
			level := float32(mostDisturbed * s.rng.NormFloat64())
			for t := range c.Window {
				x[t*column+k] = factor*x[t*column+k] + level
			}
			continue
		}
		s.rng.Shuffle(c.Window, func(i, j int) {
			x[i*column+k], x[j*column+k] = x[j*column+k], x[i*column+k]
		})
		for t := range c.Window {
			x[t*column+k] += float32(s.rng.NormFloat64())
		}
	}
}
