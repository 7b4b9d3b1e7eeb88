package model

import (
	"fmt"
	"math"
	"slices"

	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/gnn"
)

// Predictor is a trained network between samples and predictions in their own
// units, whatever its target is. Any number of its passes may run side by side.
type Predictor struct {
	network  gnn.Model[float32]
	config   gnn.Config
	basis    []float32
	scaler   *scaler
	services []string
	features []string
}

// NewPredictor returns the network that a holds, see [Load], on the affinity
// matrix of a. It keeps nothing of a that may change.
func NewPredictor(a *artifact.Model) (*Predictor, error) {
	m, err := Load(a)
	if err != nil {
		return nil, err
	}
	s, err := newScaler(a)
	if err != nil {
		return nil, err
	}
	p := &Predictor{
		network: m, config: m.Config(), scaler: s, basis: make([]float32, m.BasisSize()),
		services: slices.Clone(a.Services), features: slices.Clone(a.Features),
	}
	m.Basis(p.basis, a.Affinity)
	return p, nil
}

// NewPass returns a pass, which owns all memory that a prediction takes.
func (p *Predictor) NewPass() *Pass {
	c := p.config
	return &Pass{
		predictor: p,
		pass:      p.network.Inference(),
		x:         make([]float32, c.Window*c.Services*c.Features),
		y:         make([]float32, c.Services*c.Outputs),
		known:     make([]bool, c.Services),
	}
}

// Pass makes predictions with a [Predictor]. It is for one goroutine at a time.
type Pass struct {
	predictor *Predictor
	pass      gnn.Pass[float32]
	x         []float32 // τ·N·C
	y         []float32 // N·O
	known     []bool    // N
}

// Predict takes samples, N·τ·C numbers in (service, step, feature) and their own
// units with NaN where one is missing, and writes the target of every service at
// the horizons of the model to y, N·O numbers in (service, horizon). The rows and
// channels are those of the model. A service without a single sample gets NaN.
//
// It is an error when a length is wrong, a sample is infinite, or the network
// answers with something that is not a finite number; y is then of no meaning.
// Without an error it allocates nothing.
func (p *Pass) Predict(samples, y []float64) error {
	if len(samples) != len(p.x) || len(y) != len(p.y) {
		return fmt.Errorf("prediction from %d samples into %d numbers, want %d and %d", len(samples), len(y), len(p.x), len(p.y))
	}
	for i, v := range samples {
		if math.IsInf(v, 0) {
			c := p.predictor.config
			return fmt.Errorf("sample of service %q, feature %q is %v; a missing sample is NaN",
				p.predictor.services[i/(c.Window*c.Features)], p.predictor.features[i%c.Features], v)
		}
	}
	p.fill(samples)
	p.pass.Forward(p.x, p.predictor.basis, p.y)
	return p.restore(samples, y)
}

// fill makes the inputs of the network: scaled, each gap with the last value in
// the window, or 0, the mean, before there was one.
func (p *Pass) fill(samples []float64) {
	c, s := p.predictor.config, p.predictor.scaler
	row := c.Services * c.Features
	for n := range c.Services {
		p.known[n] = false
		for f := range c.Features {
			i := n*c.Features + f
			var last float32
			for t := range c.Window {
				if v := samples[(n*c.Window+t)*c.Features+f]; !math.IsNaN(v) {
					last = s.apply(i, v)
					p.known[n] = true
				}
				p.x[t*row+i] = last
			}
		}
	}
}

// restore makes predictions of the outputs of the network.
func (p *Pass) restore(samples, y []float64) error {
	c := p.predictor.config
	for n := range c.Services {
		anchor := p.anchor(samples, n)
		for o := range c.Outputs {
			i := n*c.Outputs + o
			y[i] = p.predictor.scaler.restore(n, o, anchor, p.y[i])
			if math.IsNaN(y[i]) || math.IsInf(y[i], 0) {
				return fmt.Errorf("the network predicts %v for service %q: its weights have diverged; train the model again",
					y[i], p.predictor.services[n])
			}
			if !p.known[n] {
				y[i] = math.NaN()
			}
		}
	}
	return nil
}

// anchor returns what the outputs for service n are changes from, by the last step
// that tells; NaN when none does.
func (p *Pass) anchor(samples []float64, n int) float64 {
	c, s := p.predictor.config, p.predictor.scaler
	if s.anchor < 0 {
		return math.NaN()
	}
	for t := c.Window - 1; t >= 0; t-- {
		from := (n*c.Window + t) * c.Features
		if v := s.seen(n, samples[from:from+c.Features]); !math.IsNaN(v) {
			return v
		}
	}
	return math.NaN()
}
