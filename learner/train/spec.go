package train

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/features"
	"github.com/deepscaler/deepscaler/estimator/gnn"
	"github.com/deepscaler/deepscaler/estimator/model"
	"github.com/deepscaler/deepscaler/estimator/queueing"
	"github.com/deepscaler/deepscaler/learner/baseline"
	"github.com/deepscaler/deepscaler/learner/em"
	"github.com/deepscaler/deepscaler/learner/samples"
)

// Spec specifies a training. Start from [DefaultSpec] or [SpecOf].
type Spec struct {
	// Kind is one of [baseline.Kinds].
	Kind string
	// Samples specifies how the history is cut. Its Label is made from the one
	// below. Without horizons they cover LeadTime; without an anchor, or with
	// [AnchorAuto], the validation part chooses.
	Samples samples.Options
	// LeadTime is the time from a forecast until the requested pods are ready.
	LeadTime time.Duration
	// AnalyticWindow is the number of steps that an analytic forecast looks back, for
	// each of those that the network sees.
	AnalyticWindow int
	// Headroom is that of analytic forecasts, see [queueing.Config].
	Headroom float64
	// Unconnected makes the network start without the edges of the invocation graph,
	// which labels and analytic forecasts still use. It shows what the graph is worth.
	Unconnected bool
	// Label is the source of the truth. Without a kind it is required if the
	// target is replicas, else observed.
	Label Label
	// Network has Hidden, Kernel and Blocks. Its other sizes follow from the
	// samples.
	Network gnn.Config
	// Learning is how to learn. 0 Workers are one per processor, and a negative
	// Jitter is [DefaultJitter] where labels are changes, else 0. Without Quantiles
	// they are 0.5, 0.8 and 0.95 where the network sees analytic forecasts, else 0.5.
	Learning em.Config
}

// AnchorAuto stands for the anchor that short trainings choose.
const AnchorAuto features.Anchor = "auto"

const (
	// DefaultJitter goes with labels that are changes, be it from the last value or
	// from the demand.
	DefaultJitter = 0.3
	// defaultClamp goes with analytic forecasts.
	defaultClamp = 3
	// servedLevel goes with them.
	servedLevel = 0.8
)

// DefaultSpec returns the defaults of training from scratch.
func DefaultSpec() Spec {
	s := Spec{
		Kind: artifact.KindDeepScaler,
		Samples: samples.Options{
			Window: 12, Target: estimator.Replicas, Scale: features.ScalePerService, Split: samples.DefaultSplit(), Anchor: AnchorAuto,
		},
		LeadTime: queueing.DefaultConfig().LeadTime,
		// The window of the adapter.
		AnalyticWindow: 40, Headroom: queueing.DefaultConfig().Headroom,
		Network:  gnn.Config{Hidden: 32, Kernel: 5, Blocks: 2},
		Learning: em.DefaultConfig(),
	}
	s.Learning.Workers, s.Learning.Jitter, s.Learning.Quantiles = 0, -1, nil
	return s
}

// SpecOf returns the defaults for training a model further. Inputs, target,
// sizes and quantile are those of the model.
func SpecOf(parent *artifact.Model) (Spec, error) {
	t, err := TrainingOf(parent)
	if err != nil {
		return Spec{}, err
	}
	s := DefaultSpec()
	s.Kind, s.Label = parent.Kind, t.Label
	s.Samples.Features, s.Samples.Target = estimator.Features(parent.Features), estimator.Feature(parent.Target)
	s.Samples.Window, s.Samples.Horizons = parent.Window, slices.Clone(parent.Horizons)
	s.Samples.Anchor, s.Samples.Clamp = anchorOf(parent), parent.Scaler.Clamp
	if c := parent.Scaler.Analytic; c != nil {
		s.LeadTime, s.AnalyticWindow, s.Headroom = c.LeadTime, parent.Scaler.AnalyticWindow, c.Headroom
	}
	shape := model.Config(parent)
	s.Network = gnn.Config{Hidden: shape.Hidden, Kernel: shape.Kernel, Blocks: shape.Blocks}
	s.Learning.Quantiles = slices.Clone(parent.Levels())
	return s, nil
}

// anchorOf returns the anchor of a model, in which the level has no name.
func anchorOf(a *artifact.Model) features.Anchor {
	return cmp.Or(features.Anchor(a.Scaler.Anchor), features.AnchorLevel)
}

// Resolve returns the specification with all derived settings filled in, for a
// history of these features and step.
func (s Spec) Resolve(channels []estimator.Feature, step time.Duration) Spec {
	if s.auto() {
		s.Samples.Anchor = s.anchors(channels)[0]
	}
	if len(s.Samples.Features) == 0 {
		s.Samples.Features = slices.Clone(channels)
		if s.foreseeable(channels) {
			s.Samples.Features = append(s.Samples.Features, estimator.Analytic)
		}
	}
	if s.Samples.Anchor == features.AnchorAnalytic && !slices.Contains(s.Samples.Features, estimator.Analytic) {
		s.Samples.Features = append(slices.Clone(s.Samples.Features), estimator.Analytic)
	}
	analytic := slices.Contains(s.Samples.Features, estimator.Analytic)
	if analytic && s.Label.MaxUtilisation == 0 {
		c := s.analytic()
		s.Label.MinUtilisation, s.Label.MaxUtilisation = c.MinUtilisation, c.MaxUtilisation
	}
	if analytic && s.Samples.Clamp == 0 {
		s.Samples.Clamp = defaultClamp
	}
	if len(s.Samples.Horizons) == 0 {
		last := int(math.Ceil(float64(s.LeadTime) / float64(step)))
		if analytic {
			s.Samples.Horizons = []int{last}
		} else {
			for h := range last {
				s.Samples.Horizons = append(s.Samples.Horizons, h+1)
			}
		}
	}
	if len(s.Learning.Quantiles) == 0 {
		s.Learning.Quantiles = []float64{0.5}
		if analytic {
			s.Learning.Quantiles = []float64{0.5, 0.8, 0.95}
		}
	}
	s.Label.Kind = s.label()
	if s.Learning.Jitter < 0 {
		s.Learning.Jitter = jitterOf(s.Samples.Anchor)
	}
	if s.Kind != artifact.KindDeepScaler {
		s.Learning.GraphEpochs = 0
	}
	if s.Learning.Workers == 0 {
		s.Learning.Workers = runtime.GOMAXPROCS(0)
	}
	return s
}

// served returns the quantile that the model is made for: that which costs as much as the analytic
// forecast alone and violates less, or else the lowest.
func (s Spec) served() float64 {
	levels := s.Learning.Quantiles
	if slices.Contains(s.Samples.Features, estimator.Analytic) {
		return max(levels[0], min(servedLevel, levels[len(levels)-1]))
	}
	return levels[0]
}

func (s Spec) label() string {
	switch {
	case s.Label.Kind != "":
		return s.Label.Kind
	case s.Samples.Target == estimator.Replicas:
		return artifact.LabelRequired
	}
	return artifact.LabelObserved
}

// foreseeable reports whether queueing theory forecasts the label from these features.
func (s Spec) foreseeable(channels []estimator.Feature) bool {
	for _, f := range []estimator.Feature{estimator.Replicas, estimator.CPU, estimator.Requests} {
		if !slices.Contains(channels, f) || slices.Contains(channels, estimator.Analytic) {
			return false
		}
	}
	return s.label() == artifact.LabelRequired && s.Samples.Anchor != features.AnchorLevel
}

// auto reports whether the anchor is still to be chosen.
func (s Spec) auto() bool { return s.Samples.Anchor == "" || s.Samples.Anchor == AnchorAuto }

// jitterOf returns the default: only labels that are changes move with a shift of the inputs.
func jitterOf(a features.Anchor) float64 {
	if a == features.AnchorLevel {
		return 0
	}
	return DefaultJitter
}

// Validate reports every fault that does not depend on the history.
func (s Spec) Validate() error {
	var errs []error
	reject := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	oneOf := func(name, given string, choices ...string) {
		reject(!slices.Contains(choices, given), "%s is %q, want %s", name, given, strings.Join(choices, " or "))
	}
	o, label := s.Samples, s.label()
	oneOf("model", s.Kind, baseline.Kinds()...)
	oneOf("label", label, artifact.LabelRequired, artifact.LabelObserved)
	oneOf("scale", string(o.Scale), string(features.ScalePerService), string(features.ScaleGlobal))
	if !s.auto() {
		oneOf("anchor", string(o.Anchor), anchors()...)
	}
	reject(slices.Contains(o.Features, ""), "features has an empty name")
	reject(o.Target == "", "target is empty, want the name of a feature")
	reject(o.Window < 1, "window is %d steps, want at least 1", o.Window)
	reject(s.LeadTime <= 0, "lead time is %v, want more than 0", s.LeadTime)
	slo, percentile := s.Label.SLO, s.Label.SLOPercentile
	reject(slo < 0, "slo is %v, want more than 0", time.Duration(slo))
	reject(percentile != 0 && !(percentile >= 0.5 && percentile < 1), "slo percentile is %v, want a fraction from 0.5 to below 1, or 0 for the mean", percentile)
	reject(percentile != 0 && slo == 0, "an slo percentile has no effect without an slo")
	reject(label == artifact.LabelObserved && slo != 0, "an slo has no effect on the label %s", artifact.LabelObserved)
	reject(label == artifact.LabelRequired && o.Target != estimator.Replicas,
		"label required needs the target replicas, not %q: use label observed", o.Target)
	reject(label == artifact.LabelRequired && o.Anchor == features.AnchorChange,
		"anchor change needs label observed: the window does not show what was required; use anchor demand, which it shows")
	reject(label == artifact.LabelObserved && o.Anchor == features.AnchorDemand,
		"anchor demand needs label required: observed replicas may differ from those that demand asks for")
	reject(label == artifact.LabelObserved && o.Anchor == features.AnchorAnalytic,
		"anchor analytic needs label required: what was observed need not be what queueing theory forecasts")
	reject(o.Anchor == features.AnchorLevel && s.Learning.Jitter > 0,
		"jitter needs anchor change or demand: other labels do not move with a shift of the inputs")
	if err := o.Split.Validate(); err != nil {
		reject(true, "split: %w", err)
	} else {
		reject(o.Split.Validation == 0, "split %v has no validation part, which learning needs to select the best network", o.Split)
	}
	shape, learning := s.Network, s.Learning
	shape.Services, shape.Features, shape.Outputs, shape.Window = 1, 1, 1, 1
	learning.Jitter = max(learning.Jitter, 0)
	if learning.Workers == 0 {
		learning.Workers = 1
	}
	if len(learning.Quantiles) == 0 {
		learning.Quantiles = []float64{0.5}
	}
	return errors.Join(append(errs, shape.Validate(), learning.Validate())...)
}

func anchors() []string {
	var out []string
	for _, a := range features.Anchors() {
		out = append(out, string(a))
	}
	return append(out, string(AnchorAuto))
}
