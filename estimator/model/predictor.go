package model

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/features"
	"github.com/deepscaler/deepscaler/estimator/gnn"
)

// Predictor runs a trained network on samples and returns predictions, both in
// their own units. Its passes may run concurrently.
type Predictor struct {
	network  gnn.Model[float32]
	config   gnn.Config
	basis    []float32
	pipeline *features.Pipeline
	shares   []float64 // N·O
	offsets  []float64 // N·O
	adds     bool      // outputs are only added to the anchor
	levels   []float64 // of each horizon
	services []string
	features []string
}

// NewPredictor returns a predictor on the network of a and its affinity matrix.
// The network is that of [Load], or one that another [Architecture] loaded from a.
// It copies the parts of a that may change.
func NewPredictor(a *artifact.Model, network gnn.Model[float32]) (*Predictor, error) {
	if has, want := network.Config(), Config(a); has != want {
		return nil, fmt.Errorf("the network has the shape %+v, the model %+v; load it from the model", has, want)
	}
	pipeline, err := Pipeline(a)
	if err != nil {
		return nil, err
	}
	p := &Predictor{
		network: network, config: network.Config(), pipeline: pipeline,
		shares: a.PerService(a.Scaler.Shares, 1), offsets: a.PerService(a.Scaler.Offsets, 0), levels: slices.Clone(a.Levels()),
		basis: make([]float32, network.BasisSize()), services: slices.Clone(a.Services), features: slices.Clone(a.Features),
	}
	p.adds = a.Scaler.Anchor == artifact.AnchorAnalytic
	network.Basis(p.basis, a.Affinity)
	return p, nil
}

// Pipeline returns the pipeline of inputs and outputs of the network of a,
// without the shares.
func Pipeline(a *artifact.Model) (*features.Pipeline, error) {
	n, s := len(a.Services), a.Scaler
	p, err := features.New(features.Spec{
		Features: estimator.Features(a.Features), Target: estimator.Feature(a.Target),
		Inputs: &features.Scaler{Services: n, Features: len(a.Features), Mean: slices.Concat(s.Mean...), Std: slices.Concat(s.Std...)},
		Labels: &features.Scaler{Services: n, Features: 1, Mean: s.TargetMean, Std: s.TargetStd},
		// A level has no name in the file.
		Anchor: cmp.Or(features.Anchor(s.Anchor), features.AnchorLevel), Sizings: s.Sizings, Clamp: s.Clamp, Reach: s.Reach(),
	})
	if err != nil {
		return nil, fmt.Errorf("scaler of the model: %w; train the model again", err)
	}
	return p, nil
}

// NewPass returns a pass, which owns all memory of a prediction.
func (p *Predictor) NewPass() *Pass {
	c := p.config
	return &Pass{
		predictor: p,
		pass:      p.network.Inference(),
		x:         make([]float32, c.Window*c.Services*c.Features),
		y:         make([]float32, c.Services*c.Outputs),
		known:     make([]bool, c.Services),
		kept:      make([]float64, c.Services),
	}
}

// Pass makes predictions with a [Predictor]. It is for one goroutine at a time.
type Pass struct {
	predictor *Predictor
	pass      gnn.Pass[float32]
	x         []float32 // τ·N·C
	y         []float32 // N·O
	known     []bool    // N
	kept      []float64 // N
}

// Predict writes the target of every service at the horizons of the model to y,
// N·O numbers in (service, horizon, level), where a higher level is never less.
// samples are τ·N·C numbers in (step, service,
// feature), in their own units with NaN for missing ones. The services and
// channels are those of the model. A service without any sample gets NaN.
//
// It returns an error if a length is wrong, a sample is infinite, or an output
// of the network is not finite; y is then meaningless. Without an error it
// allocates nothing.
func (p *Pass) Predict(samples, y []float64) error { return p.predict(samples, nil, y) }

// predict is [Pass.Predict] where shares of the outputs count, one for each service; nil is
// all of them.
func (p *Pass) predict(samples, shares, y []float64) error {
	if len(samples) != len(p.x) || len(y) != len(p.y) {
		return fmt.Errorf("prediction from %d samples into %d numbers, want %d and %d", len(samples), len(y), len(p.x), len(p.y))
	}
	if err := p.look(samples); err != nil {
		return err
	}
	p.predictor.pipeline.Inputs(p.x, samples)
	p.pass.Forward(p.x, p.predictor.basis, p.y)
	p.predictor.pipeline.Kept(p.kept, samples[len(samples)-p.predictor.config.Services*p.predictor.config.Features:])
	for n, share := range shares {
		p.kept[n] *= share
	}
	return p.restore(samples, y)
}

// look finds the services that have a sample, and reports an infinite sample.
func (p *Pass) look(samples []float64) error {
	c := p.predictor.config
	clear(p.known)
	for row := range len(samples) / c.Features {
		n := row % c.Services
		for f, v := range samples[row*c.Features : (row+1)*c.Features] {
			if math.IsInf(v, 0) {
				return fmt.Errorf("sample of service %q, feature %q is %v; a missing sample is NaN",
					p.predictor.services[n], p.predictor.features[f], v)
			}
			p.known[n] = p.known[n] || !math.IsNaN(v)
		}
	}
	return nil
}

// restore converts the outputs of the network to predictions.
func (p *Pass) restore(samples, y []float64) error {
	c := p.predictor.config
	for n := range c.Services {
		measure := p.predictor.pipeline.Measure(n, samples)
		of := y[n*c.Outputs : (n+1)*c.Outputs]
		if !p.known[n] || math.IsNaN(measure.Anchor) {
			for o := range of {
				of[o] = math.NaN()
			}
			continue
		}
		for o := range c.Outputs {
			i := n*c.Outputs + o
			output := p.predictor.shares[i]*float64(p.y[i]) + p.predictor.offsets[i]
			if p.predictor.adds {
				output = features.Add(output)
			}
			y[i] = measure.Value(p.kept[n] * output)
			if math.IsNaN(y[i]) || math.IsInf(y[i], 0) {
				return fmt.Errorf("the network predicts %v for service %q: its weights have diverged; train the model again",
					y[i], p.predictor.services[n])
			}
		}
		// Rearranged, quantiles are never further from the truth (Chernozhukov,
		// Fernández-Val & Galichon, Econometrica 78, 2010).
		for levels := range slices.Chunk(of, len(p.predictor.levels)) {
			slices.Sort(levels)
		}
	}
	return nil
}
