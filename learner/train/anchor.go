package train

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/features"
	"github.com/deepscaler/deepscaler/learner/baseline"
	"github.com/deepscaler/deepscaler/learner/em"
	"github.com/deepscaler/deepscaler/learner/samples"
)

// Trial is a short training with one of the anchors that the history allows.
type Trial struct {
	Anchor string `json:"anchor"`
	// Loss is the pinball loss on the validation part at the quantile that is to serve,
	// in the unit of the target, and Alone that of the anchor without a network.
	Loss  float64 `json:"loss"`
	Alone float64 `json:"alone"`
	// Better is true if the loss is lower than that of the first trial by more than two
	// standard errors of the difference.
	Better bool `json:"better,omitempty"`
}

// anchors returns those to choose from, given the features of the history: those that go with
// the label and the jitter. The first is the one by which the window shows the label.
//
// Where queueing theory forecasts the label there is no choice: an error on the validation
// part cannot tell which model keeps the SLO at the lower cost, see docs/decisions.
func (s Spec) anchors(channels []estimator.Feature) []features.Anchor {
	if len(s.Samples.Features) > 0 {
		channels = s.Samples.Features
	}
	sees := func(f ...estimator.Feature) bool {
		return !slices.ContainsFunc(f, func(f estimator.Feature) bool { return !slices.Contains(channels, f) })
	}
	var shown features.Anchor
	required := s.label() == artifact.LabelRequired
	switch {
	case required && sees(estimator.Replicas, estimator.CPU, estimator.Requests):
		return []features.Anchor{features.AnchorAnalytic}
	case required && sees(estimator.Replicas, estimator.CPU):
		shown = features.AnchorDemand
	case !required && sees(s.Samples.Target):
		shown = features.AnchorChange
	default:
		return []features.Anchor{features.AnchorLevel}
	}
	if s.Learning.Jitter > 0 { // the level does not move with the inputs
		return []features.Anchor{shown}
	}
	return []features.Anchor{shown, features.AnchorLevel}
}

// anchoredAt returns a resolved specification with another anchor. Jitter is that which goes with
// the anchor unless it was given.
func (s Spec) anchoredAt(a features.Anchor, jitter float64) Spec {
	s.Samples.Anchor = a
	if s.Learning.Jitter = jitter; jitter < 0 {
		s.Learning.Jitter = jitterOf(a)
	}
	return s
}

// tryAnchors trains a network for one iteration with each of the anchors, all else being
// the same, and measures from the first one unless another is better. All of them are judged by the
// same labels.
func (t *training) tryAnchors(ctx context.Context, anchors []features.Anchor, jitter float64) error {
	var first []float64
	best, lowest := 0, math.Inf(1)
	for i, a := range anchors {
		trial := &training{spec: t.spec.anchoredAt(a, jitter), input: t.input, history: t.history}
		losses, alone, err := trial.try(ctx)
		if err != nil {
			return fmt.Errorf("anchor %s: %w", a, err)
		}
		r := Trial{Anchor: string(a), Loss: stat.Mean(losses, nil), Alone: alone}
		if math.IsNaN(r.Loss+r.Alone) || math.IsInf(r.Loss+r.Alone, 0) { // learning diverged
			if i == 0 {
				break
			}
			continue
		}
		if i == 0 {
			first = losses
		} else {
			r.Better = len(first) > 1 && len(losses) == len(first) && em.Exceed(first, losses, certainty)
		}
		if r.Better && r.Loss < lowest {
			best, lowest = i, r.Loss
		}
		t.trials = append(t.trials, r)
		if t.input.Progress != nil {
			t.input.Progress.Tried(r)
		}
	}
	t.spec = t.spec.anchoredAt(anchors[best], jitter)
	return nil
}

// try returns the losses of a short training, by stretch of the validation part, and that
// of the anchor alone.
func (t *training) try(ctx context.Context) (losses []float64, alone float64, err error) {
	architecture, err := baseline.Of(t.spec.Kind)
	if err != nil {
		return nil, 0, err
	}
	if err := t.cut(); err != nil {
		return nil, 0, err
	}
	if t.network, err = architecture.New(t.spec.Network, rand.New(rand.NewPCG(t.spec.Learning.Seed, initialStream))); err != nil {
		return nil, 0, err
	}
	short := t.spec.Learning
	short.Iterations, short.GraphEpochs = 1, 0
	learned, err := em.Learn(ctx, t.network, t.problem(), short, nil)
	if err != nil {
		return nil, 0, err
	}
	levels := t.spec.Learning.Quantiles
	served := 0
	for i, level := range levels {
		if level <= t.spec.served() {
			served = i
		}
	}
	var sums [em.Parts]struct{ loss, alone, count float64 }
	units := t.data.LabelScaler().Std
	outputs := t.spec.Network.Outputs
	err = em.Predict(ctx, t.network, learned.Affinity, t.data.View(samples.Validation, len(levels)), t.spec.Learning.Workers, func(part, _ int, y, labels []float32, censored []bool) {
		for i, label := range labels {
			if i%len(levels) != served || label != label {
				continue
			}
			loss := func(output float64) float64 {
				short := float64(label) - output
				if short < 0 && censored[i] {
					return 0
				}
				return units[i/outputs] * max(levels[served]*short, (levels[served]-1)*short)
			}
			sums[part].loss += loss(t.corrected(learned, i, y[i]))
			sums[part].alone += loss(0)
			sums[part].count++
		}
	})
	count := 0.0
	for _, s := range sums {
		if s.count > 0 {
			losses = append(losses, s.loss/s.count)
			alone += s.alone
			count += s.count
		}
	}
	return losses, alone / count, err
}

// corrected returns output i of a network as it is served, in the unit of outputs.
func (t *training) corrected(learned *em.Result, i int, y float32) float64 {
	v := float64(y)
	if learned.Shares != nil {
		v *= learned.Shares[i%len(learned.Shares)]
	}
	if learned.Offsets != nil {
		v += learned.Offsets[i%len(learned.Offsets)]
	}
	if t.spec.Samples.Anchor == features.AnchorAnalytic {
		v = features.Add(v)
	}
	return v
}

// certainty is by how many standard errors another anchor must be better.
const certainty = 2
