package samples

import (
	"fmt"
	"slices"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
	"github.com/deepscaler/deepscaler/estimator/features"
)

// Options control how samples are made. The zero value of each field is its
// default.
type Options struct {
	// Window is τ, the number of steps a sample shows; 12 by default.
	Window int
	// Horizons are the steps ahead to predict, ascending and from 1; {1} by
	// default, as in the paper. H is their number.
	Horizons []int
	// Features are the channels, in order; by default all of the series.
	Features []estimator.Feature
	// Target is the feature that is predicted, "replicas" by default. It need
	// not be among Features.
	Target estimator.Feature
	// Label finds the truth; by default [Observed] with Target.
	Label Labeller
	// Split divides the history; [DefaultSplit] by default.
	Split Split
	// Scale selects the scaling of inputs and labels; [features.ScalePerService] by
	// default.
	Scale features.ScaleMode
	// Anchor is the reference of labels; [features.AnchorLevel] by default.
	Anchor features.Anchor
	// Sizings has one sizing for each service, which [features.AnchorDemand] counts the
	// replicas with; by default those that the label fits on the training part.
	Sizings []demand.Sizing
	// Clamp is that of [features.Spec].
	Clamp float64
	// Reach is that of [features.Spec]; by default that of the training part.
	Reach *features.Reach
}

// Defaults of [Options].
const (
	defaultWindow = 12
	maxWindow     = 1 << 16
)

// complete returns the options with the defaults filled in.
func (o Options) complete(s *estimator.Window) Options {
	if o.Window == 0 {
		o.Window = defaultWindow
	}
	if len(o.Horizons) == 0 {
		o.Horizons = []int{1}
	}
	if len(o.Features) == 0 {
		o.Features = s.Features
	}
	if o.Target == "" {
		o.Target = estimator.Replicas
	}
	if o.Label == nil {
		o.Label = Observed{Feature: o.Target}
	}
	if o.Split == (Split{}) {
		o.Split = DefaultSplit()
	}
	if o.Scale == "" {
		o.Scale = features.ScalePerService
	}
	if o.Anchor == "" {
		o.Anchor = features.AnchorLevel
	}
	o.Horizons = slices.Clone(o.Horizons)
	o.Features = slices.Clone(o.Features)
	o.Sizings = slices.Clone(o.Sizings)
	return o
}

// validate reports the first invalid option. The features and the label are
// checked where they are used.
func (o Options) validate() error {
	if o.Window < 1 || o.Window > maxWindow {
		return fmt.Errorf("window is %d steps, want 1 to %d", o.Window, maxWindow)
	}
	for i, h := range o.Horizons {
		if h < 1 || h > maxWindow || i > 0 && h <= o.Horizons[i-1] {
			return fmt.Errorf("horizons are %v, want ascending numbers of steps from 1 to %d", o.Horizons, maxWindow)
		}
	}
	if err := o.Split.Validate(); err != nil {
		return fmt.Errorf("split: %w", err)
	}
	return o.validateAnchor()
}

// nearest and furthest are the first and last step ahead.
func (o Options) nearest() int  { return o.Horizons[0] }
func (o Options) furthest() int { return o.Horizons[len(o.Horizons)-1] }

// origins returns the last input steps of the samples of every part in a
// history of the given length. All labels of a sample lie in its part.
func (o Options) origins(steps int) [parts]estimator.Range {
	var out [parts]estimator.Range
	for p, r := range o.Split.ranges(steps) {
		first := max(o.Window-1, r.From-o.nearest())
		out[p] = estimator.Range{From: first, To: max(first, r.To-o.furthest())}
	}
	return out
}

// enough reports whether every part that is wanted has a sample.
func (o Options) enough(steps int) bool {
	origins := o.origins(steps)
	for p, share := range []float64{o.Split.Train, o.Split.Validation, o.Split.Test} {
		if share > 0 && origins[p].Len() == 0 {
			return false
		}
	}
	return true
}

// stepsNeeded returns the shortest history with a sample in every part.
func (o Options) stepsNeeded() int {
	steps := o.Window + o.furthest()
	for !o.enough(steps) {
		steps++
	}
	return steps
}
