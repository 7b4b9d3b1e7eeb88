package features

import (
	"fmt"
	"math"
	"slices"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
)

// Spec defines the inputs of a network and the meaning of its outputs.
type Spec struct {
	// Features are the channels, length C, and Target is the predicted feature.
	Features []estimator.Feature
	Target   estimator.Feature
	// Inputs scales the features of N services, Labels the target of each.
	Inputs, Labels *Scaler
	// Anchor is the reference of outputs; Sizings, length N, are for
	// [AnchorDemand].
	Anchor  Anchor
	Sizings []demand.Sizing
	// Clamp bounds inputs other than those that outputs are measured from, in standard
	// deviations from their means; 0 is no bound. Far out of the range it was trained
	// in, a network extrapolates at random.
	Clamp float64
	// Reach is the range of the inputs in training, beyond which outputs fade. Without
	// one, and with [AnchorLevel], they do not.
	Reach Reach
}

// Pipeline applies a [Spec]. It does not change and is safe for concurrent use.
type Pipeline struct {
	services, features int
	// mean, in units of std, and std are N·C numbers in (service, feature).
	mean, std []float64
	// level and unit are the mean and the standard deviation of N labels.
	level, unit []float64
	seen        seen
	// clamp bounds every feature, and seasonal marks those of the season, length C.
	clamp    []float64
	seasonal []bool
	reach    *Reach // nil where outputs do not fade
}

// New returns a pipeline. It copies the parts of the spec that may change. Parts
// that do not fit together are an error.
func New(s Spec) (*Pipeline, error) {
	if err := s.Inputs.Validate(); err != nil {
		return nil, fmt.Errorf("inputs: %w", err)
	}
	if err := s.Labels.Validate(); err != nil {
		return nil, fmt.Errorf("labels: %w", err)
	}
	n := s.Inputs.Services
	if s.Inputs.Features != len(s.Features) || s.Labels.Features != 1 || s.Labels.Services != n {
		return nil, fmt.Errorf("the scaler of the inputs is for %d services and %d features, that of the labels for %d and %d; want %d features and 1 of the same services",
			n, s.Inputs.Features, s.Labels.Services, s.Labels.Features, len(s.Features))
	}
	if err := s.Anchor.Validate(s.Target, s.Features); err != nil {
		return nil, err
	}
	p := &Pipeline{
		services: n, features: len(s.Features), seen: seen{value: -1},
		mean: slices.Clone(s.Inputs.Mean), std: slices.Clone(s.Inputs.Std),
		level: slices.Clone(s.Labels.Mean), unit: slices.Clone(s.Labels.Std),
	}
	for i, std := range p.std {
		p.mean[i] /= std
	}
	if s.Anchor != AnchorLevel && len(s.Reach.Low) > 0 {
		if err := s.Reach.Validate(len(p.std)); err != nil {
			return nil, err
		}
		r := s.Reach.open(s.Features)
		p.reach = &r
	}
	for _, f := range s.Features {
		most := s.Clamp
		if s.Clamp == 0 || f == s.Target || f == estimator.Analytic {
			most = MaxScaled
		}
		p.clamp = append(p.clamp, most)
		p.seasonal = append(p.seasonal, f.SeasonAhead() > 0)
	}
	switch s.Anchor {
	case AnchorAnalytic:
		p.seen.value, p.seen.latest = slices.Index(s.Features, estimator.Analytic), true
	case AnchorChange:
		p.seen.value = slices.Index(s.Features, s.Target)
	case AnchorDemand:
		if len(s.Sizings) != n {
			return nil, fmt.Errorf("there are %d sizings for %d services", len(s.Sizings), n)
		}
		for i, sizing := range s.Sizings {
			if err := sizing.Validate(); err != nil {
				return nil, fmt.Errorf("sizing of service %d: %w", i, err)
			}
		}
		p.seen = seen{
			value: slices.Index(s.Features, estimator.Replicas), cpu: slices.Index(s.Features, estimator.CPU),
			sizings: slices.Clone(s.Sizings),
		}
	}
	return p, nil
}

// Scale writes the scaled samples of any number of whole steps to x, both laid out
// as (step, service, feature). NaN stays NaN, but a season without a forecast expects
// no change.
func (p *Pipeline) Scale(x []float32, samples []float64) {
	width := len(p.std)
	for from := 0; from < len(samples); from += width {
		out := x[from : from+width]
		for i, v := range samples[from : from+width] {
			c := i % p.features
			if p.seasonal[c] && math.IsNaN(v) {
				v = 0
			}
			most := p.clamp[c]
			out[i] = float32(bound(v/p.std[i]-p.mean[i], most))
		}
	}
}

// Fill replaces missing samples in a window of scaled samples.
func (p *Pipeline) Fill(x []float32) {
	width := len(p.std)
	for i, v := range x[:width] {
		if v != v {
			x[i] = 0
		}
	}
	for i, v := range x[width:] {
		if v != v {
			x[width+i] = x[i]
		}
	}
}

// Inputs writes the inputs of the network for a window of samples to x. Both are
// laid out as (step, service, feature).
func (p *Pipeline) Inputs(x []float32, window []float64) {
	p.Scale(x, window)
	p.Fill(x)
}

// Kept writes the share of the outputs to keep for each of N services, given the N·C
// samples of the last step. It is 1 where the load is like that of the training part, and
// falls to 0 half of the range of a feature outside.
func (p *Pipeline) Kept(shares, step []float64) {
	if p.reach == nil {
		for n := range shares {
			shares[n] = 1
		}
		return
	}
	p.reach.kept(shares, step)
}

// Beyond returns how far the C samples of a step of service n are out of the range of
// training: the largest distance of one, in widths of its range; NaN where outputs do not fade.
func (p *Pipeline) Beyond(n int, samples []float64) float64 {
	if p.reach == nil {
		return math.NaN()
	}
	return p.reach.Beyond(n*p.features, samples)
}

// Measure returns the measure of labels and outputs of service n. The samples
// of the window are laid out as (step, service, feature).
func (p *Pipeline) Measure(n int, window []float64) Measure {
	m := Measure{Anchor: p.level[n], unit: p.unit[n]}
	if p.seen.value >= 0 {
		oldest := 0
		if p.seen.latest {
			m.Anchor, oldest = math.NaN(), len(window)-p.services*p.features
		}
		for end := len(window); end > oldest; end -= p.services * p.features {
			from := end - (p.services-n)*p.features
			if v := p.seen.of(n, window[from:from+p.features]); !math.IsNaN(v) {
				m.Anchor = v
				break
			}
		}
	}
	m.scale = 1 / m.unit
	m.from = m.Anchor * m.scale
	return m
}

// Measure relates the target of one service, in its own unit, to outputs of the
// network.
type Measure struct {
	// Anchor is the value for an output of 0; NaN where there is no analytic forecast.
	Anchor float64
	// unit is the standard deviation, scale its reciprocal, and from the anchor in
	// units of it.
	unit, scale, from float64
}

// Output returns the output that stands for value. NaN stays NaN.
func (m Measure) Output(value float64) float32 {
	return float32(bound(value*m.scale-m.from, MaxScaled))
}

// Value returns the value that an output stands for.
func (m Measure) Value(output float64) float64 { return m.Anchor + m.unit*output }
