package train

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/features"
	"github.com/deepscaler/deepscaler/estimator/gnn"
	"github.com/deepscaler/deepscaler/learner/baseline"
	"github.com/deepscaler/deepscaler/learner/em"
	"github.com/deepscaler/deepscaler/learner/samples"
)

// Options are the flags of a training. Those of the samples and of the network
// that are left at zero are what the model of From has, or else the default.
type Options struct {
	// Series is the file with the history; required. Graph is the one with the
	// invocation graph.
	Series, Graph string
	// From is the model to start from; none to start from scratch.
	From string
	// Out is the file of the model; required. Report is that of the report in
	// JSON; standard output without one.
	Out, Report string

	// Features are the channels; all of the series by default.
	Features []string
	// Target is the feature to predict, replicas by default.
	Target string
	// Label is one of the artifact's Label constants.
	Label string
	// SLO and SLOPercentile are those of [samples.Required].
	SLO           time.Duration
	SLOPercentile float64
	// Window is τ in steps, 12 by default.
	Window int
	// Horizons are the steps ahead to predict, the next one by default.
	Horizons Horizons
	// Anchor is what labels are measured from, and Scale how values are scaled.
	Anchor, Scale string
	// Split divides the history.
	Split samples.Split

	// Model is one of [baseline.Kinds].
	Model string
	// Hidden, Kernel and Blocks are those of [gnn.Config]: 32, 5 and 2 by
	// default.
	Hidden, Kernel, Blocks int

	// Learning is how to learn. Here a Quantile of 0 is that of From, or 0.5, a
	// negative Jitter is 0 where the anchor is the level and else 0.3, and 0 Workers
	// are one per processor.
	Learning em.Config
}

// Defaults of a training from scratch.
const (
	defaultHidden   = 32
	defaultKernel   = 5
	defaultBlocks   = 2
	defaultWindow   = 12
	defaultQuantile = 0.5

	// DefaultJitter goes with labels that are changes, be it from the last value or
	// from the demand.
	DefaultJitter = 0.3
)

// NewOptions returns the defaults.
func NewOptions() *Options {
	o := &Options{Scale: string(features.ScalePerService), Split: samples.DefaultSplit(), Learning: em.DefaultConfig()}
	o.Learning.Quantile, o.Learning.Workers, o.Learning.Jitter = 0, 0, -1
	return o
}

// Validate reports everything that is wrong with the flags by themselves.
func (o *Options) Validate() error {
	var errs []error
	reject := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	// What is not given may come from --from, so only what is given counts.
	oneOf := func(flag, given string, choices ...string) {
		reject(given != "" && !slices.Contains(choices, given), "--%s is %q, want %s", flag, given, strings.Join(choices, " or "))
	}
	reject(o.Series == "", "--series is required: record one with deepscaler record")
	reject(o.Out == "", "--out is required, for example model.safetensors")
	for _, other := range []struct{ flag, path string }{{"series", o.Series}, {"graph", o.Graph}, {"report", o.Report}} {
		reject(o.Out != "" && other.path != "" && filepath.Clean(o.Out) == filepath.Clean(other.path), "--out and --%s are both %q", other.flag, o.Out)
	}
	oneOf("model", o.Model, baseline.Kinds()...)
	oneOf("label", o.Label, artifact.LabelRequired, artifact.LabelObserved)
	oneOf("anchor", o.Anchor, anchors()...)
	oneOf("scale", o.Scale, string(features.ScalePerService), string(features.ScaleGlobal))
	reject(o.Scale == "", "--scale is empty, want %s or %s", features.ScalePerService, features.ScaleGlobal)
	reject(slices.Contains(o.Features, ""), "--features has an empty name")
	reject(o.Window < 0, "--window is %d steps, want at least 1", o.Window)
	reject(o.SLO < 0, "--slo is %v, want more than 0", o.SLO)
	reject(o.SLOPercentile != 0 && !(o.SLOPercentile >= 0.5 && o.SLOPercentile < 1), "--slo-percentile is %v, want a fraction from 0.5 to below 1, or 0 for the mean", o.SLOPercentile)
	reject(o.SLOPercentile != 0 && o.SLO == 0, "--slo-percentile has no effect without --slo")
	if err := o.Split.Validate(); err != nil {
		reject(true, "--split: %w", err)
	} else {
		reject(o.Split.Validation == 0, "--split %v has no validation part, which learning needs to find the best network", o.Split)
	}
	if o.From == "" {
		reject(o.kind() != artifact.KindDeepScaler && o.Graph == "" && slices.Contains(baseline.Kinds(), o.kind()),
			"--graph is required: %s has no way to learn one", o.kind())
		reject(o.label() == artifact.LabelRequired && o.target() != string(estimator.Replicas),
			"--label required is about replicas, but --target is %q: use --label observed", o.Target)
		reject(o.label() == artifact.LabelRequired && o.Anchor == string(features.AnchorChange),
			"--anchor change needs --label observed: nobody sees at the time what was required; --anchor demand is what can be seen of it")
		reject(o.label() == artifact.LabelObserved && o.Anchor == string(features.AnchorDemand),
			"--anchor demand needs --label required: what was observed need not be what demand asks for")
	}
	reject(o.label() == artifact.LabelObserved && o.SLO != 0, "--slo has no effect on the label %s", artifact.LabelObserved)
	errs = append(errs, o.shape().Validate(), o.learning().Validate())
	return errors.Join(errs...)
}

func (o *Options) kind() string   { return cmp.Or(o.Model, artifact.KindDeepScaler) }
func (o *Options) target() string { return cmp.Or(o.Target, string(estimator.Replicas)) }

// label returns the default that goes with the target.
func (o *Options) label() string {
	switch {
	case o.Label != "":
		return o.Label
	case o.target() == string(estimator.Replicas):
		return artifact.LabelRequired
	}
	return artifact.LabelObserved
}

// anchors returns what --anchor may be.
func anchors() []string {
	var out []string
	for _, a := range features.Anchors() {
		out = append(out, string(a))
	}
	return out
}

// anchor returns the default that goes with the label: what can be seen of it in
// the window.
func (o *Options) anchor(channels []string) features.Anchor {
	seen := func(f string) bool { return slices.Contains(channels, f) }
	switch {
	case o.Anchor != "":
		return features.Anchor(o.Anchor)
	case o.label() == artifact.LabelObserved && seen(o.target()):
		return features.AnchorChange
	case o.label() == artifact.LabelRequired && seen(string(estimator.Replicas)) && seen(string(estimator.CPU)):
		return features.AnchorDemand
	}
	return features.AnchorLevel
}

// jitter returns the default that goes with the anchor, -1 for one that cannot be.
func (o *Options) jitter(anchor features.Anchor) float64 {
	switch {
	case anchor == features.AnchorLevel && o.Learning.Jitter > 0:
		return -1
	case anchor != features.AnchorLevel && o.Learning.Jitter < 0:
		return DefaultJitter
	}
	return max(o.Learning.Jitter, 0)
}

// shape returns the network as far as the flags tell.
func (o *Options) shape() gnn.Config {
	return gnn.Config{
		Services: 1, Features: 1, Outputs: max(1, len(o.Horizons)),
		Window: cmp.Or(max(0, o.Window), defaultWindow), // a negative one is reported by its flag
		Hidden: cmp.Or(o.Hidden, defaultHidden),
		Kernel: cmp.Or(o.Kernel, defaultKernel),
		Blocks: cmp.Or(o.Blocks, defaultBlocks),
	}
}

// Settled returns the options of a training from scratch with the window, the sizes
// of the network and the anchor that it takes where they are left at zero. Features
// that are nil are taken to have the target among them, and what the label needs.
func (o Options) Settled() Options {
	channels := o.Features
	if channels == nil {
		channels = []string{o.target(), string(estimator.Replicas), string(estimator.CPU)}
	}
	shape := o.shape()
	o.Window, o.Hidden, o.Kernel, o.Blocks = shape.Window, shape.Hidden, shape.Kernel, shape.Blocks
	o.Anchor = string(o.anchor(channels))
	return o
}

func (o *Options) learning() em.Config {
	c := o.Learning
	c.Quantile, c.Jitter = cmp.Or(c.Quantile, defaultQuantile), max(c.Jitter, 0)
	if c.Workers == 0 {
		c.Workers = 1
	}
	return c
}
