package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/features"
	"github.com/deepscaler/deepscaler/estimator/gnn"
	"github.com/deepscaler/deepscaler/estimator/season"
	"github.com/deepscaler/deepscaler/learner/baseline"
	"github.com/deepscaler/deepscaler/learner/em"
	"github.com/deepscaler/deepscaler/learner/evaluate"
	"github.com/deepscaler/deepscaler/learner/samples"
)

// Input has the telemetry to learn from.
type Input struct {
	// History is the telemetry of the application.
	History *estimator.Window
	// Edges are the invocation graph over the services of the history; nil if
	// unknown.
	Edges []estimator.Edge
	// Parent is the model to train further; nil to start from scratch. Services
	// may have joined or left.
	Parent *artifact.Model
	// Now is the clock.
	Now func() time.Time
	// Progress, unless nil, receives the progress of learning.
	Progress Progress
}

// Progress receives the progress of learning.
type Progress interface {
	// Tried is called after each trial of an anchor.
	Tried(t Trial)
	// Begin is called before learning, with the report as far as known.
	Begin(r *Report)
	// Epoch is [em.Progress].
	Epoch(e em.Epoch, done float64, total int)
}

// Result is a model and its report. The model contains the report as well.
type Result struct {
	Model  *artifact.Model
	Report *Report
}

// training is one run of [Train].
type training struct {
	spec    Spec // resolved
	chosen  bool // the features are those of the specification
	input   Input
	parent  *artifact.Model   // for the services of the history; nil without one
	history *estimator.Window // with what is derived from it
	data    *samples.Set
	network gnn.Model[float32]
	season  *season.Fitted // nil if the history has none
	trials  []Trial
	report  *Report
}

// Train learns a model. An error that wraps that of ctx is an interruption; any
// other is about the input, and is usually found before learning.
func Train(ctx context.Context, in Input, s Spec) (*Result, error) {
	t, err := prepare(ctx, in, s)
	if err != nil {
		return nil, err
	}
	if in.Progress != nil {
		in.Progress.Begin(t.report)
	}
	learned, err := t.learn(ctx)
	if err != nil {
		return nil, fmt.Errorf("learn: %w", err)
	}
	if t.report.Samples.Test > 0 {
		m := evaluate.Model{Network: t.network, Affinity: learned.Affinity, Shares: learned.Shares, Offsets: learned.Offsets, Levels: len(t.spec.Learning.Quantiles), Adds: t.spec.Samples.Anchor == features.AnchorAnalytic, Data: t.data}
		if t.report.Test, err = evaluate.Compare(ctx, t.data, samples.Test, m, t.spec.Learning.Workers); err != nil {
			return nil, fmt.Errorf("test: %w", err)
		}
	}
	a, err := t.artifact(learned)
	if err != nil {
		return nil, err
	}
	return &Result{a, t.report}, nil
}

// initialStream is the random stream of the initial parameters.
const initialStream = 0x74726169

// prepare checks that everything fits together.
func prepare(ctx context.Context, in Input, s Spec) (*training, error) {
	if err := errors.Join(in.History.Validate(), s.Validate()); err != nil {
		return nil, err
	}
	if err := estimator.ValidateEdges(in.Edges, len(in.History.Services)); err != nil {
		return nil, fmt.Errorf("invocation graph: %w", err)
	}
	t := &training{input: in, spec: s.Resolve(in.History.Features, in.History.Step), chosen: len(s.Samples.Features) > 0}
	// Settings that follow from the history may contradict each other, too.
	if err := t.spec.Validate(); err != nil {
		return nil, err
	}
	architecture, err := baseline.Of(s.Kind)
	if err != nil {
		return nil, err
	}
	names := estimator.ServiceNames(in.History.Services)
	if in.Parent != nil {
		if err := t.spec.checkParent(in.Parent, in.History); err != nil {
			return nil, fmt.Errorf("parent: %w", err)
		}
		if t.parent, err = Transfer(in.Parent, names); err != nil {
			return nil, fmt.Errorf("parent: %w", err)
		}
	} else if s.Kind != artifact.KindDeepScaler && in.Edges == nil {
		return nil, fmt.Errorf("the invocation graph is required: %s cannot learn one", s.Kind)
	}
	if err := t.observe(ctx, names); err != nil {
		return nil, err
	}
	if anchors := s.anchors(in.History.Features); s.auto() && in.Parent == nil && len(anchors) > 1 {
		if err := t.tryAnchors(ctx, anchors, s.Learning.Jitter); err != nil {
			return nil, err
		}
	}
	if err := t.cut(); err != nil {
		return nil, err
	}
	if t.parent != nil {
		t.network, err = architecture.Load(t.parent)
	} else {
		t.network, err = architecture.New(t.spec.Network, rand.New(rand.NewPCG(s.Learning.Seed, initialStream)))
	}
	if err != nil {
		return nil, err
	}
	t.begin()
	// Limits of the file are checked before all the work.
	draft, err := t.artifact(&em.Result{Affinity: make([]float32, len(names)*len(names))})
	if err != nil {
		return nil, err
	}
	return t, draft.Validate()
}

// observe completes the label, and derives from the history what the network sees: the
// season and the analytic forecast.
func (t *training) observe(ctx context.Context, names []string) error {
	label, history := &t.spec.Label, t.input.History
	switch {
	case label.Kind == artifact.LabelObserved:
		label.Calls = nil
		if f := t.spec.Samples.Target; history.Channel(f) < 0 {
			return fmt.Errorf("the history has no %q, which is the target; the features are %q", f, history.Features)
		}
	case t.input.Edges != nil:
		label.Calls = Calls(t.input.Edges, history.Services)
	default:
		label.Calls = between(label.Calls, names)
	}
	o := &t.spec.Samples
	var err error
	if o.Label, err = label.Labeller(string(o.Target), history.Services); err != nil {
		return err
	}
	if err := t.findSeason(); err != nil {
		return err
	}
	if slices.Contains(o.Features, estimator.Analytic) {
		c := t.spec.analytic()
		if t.season != nil {
			c.Season = t.season // before the test part, without what is to be forecast
		}
		if history, err = Annotate(ctx, history, t.input.Edges, c, t.spec.AnalyticWindow); err != nil {
			return err
		}
	}
	o.Features = t.seasonal(*o)
	if expected := season.Features(o.Features); len(expected) > 0 {
		history = season.Annotate(history, t.outlooks(), expected, 0)
	}
	t.history = history
	return nil
}

// cut makes the samples, for which the network is sized.
func (t *training) cut() error {
	data, err := samples.New(t.history, t.spec.Samples)
	if err != nil {
		return err
	}
	t.data = data
	o, c := data.Options(), &t.spec.Network
	c.Services, c.Window, c.Features = len(t.history.Services), o.Window, len(o.Features)
	c.Outputs = len(o.Horizons) * len(t.spec.Learning.Quantiles)
	return nil
}

// problem returns what there is to learn.
func (t *training) problem() em.Problem {
	edges := t.input.Edges
	if t.spec.Unconnected {
		edges = nil
	}
	levels, o := len(t.spec.Learning.Quantiles), t.data.Options()
	return em.Problem{
		Training:   t.data.View(samples.Train, levels),
		Validation: t.data.View(samples.Validation, levels),
		Graphs:     invocation(edges, t.spec.Network.Services),
		Parent:     toBeat(t.parent),
		Dependent:  dependent(t.history.Slice(t.data.Range(samples.Train))),
		Steady:     steady(o.Features),
		Weights:    t.data.Weights(),
		Corrects:   o.Anchor == features.AnchorAnalytic,
	}
}

// learn trains the network in place and fills in the report.
func (t *training) learn(ctx context.Context) (*em.Result, error) {
	var progress em.Progress
	if t.input.Progress != nil {
		progress = t.input.Progress.Epoch
	}
	n, r, began := t.spec.Network.Services, t.report, t.input.Now()
	cpu, _, usageErr := usage()
	result, err := em.Learn(ctx, t.network, t.problem(), t.spec.Learning, progress)
	if err != nil {
		return nil, err
	}
	r.Seconds = t.input.Now().Sub(began).Seconds()
	if after, resident, err := usage(); err == nil && usageErr == nil {
		r.CoreSeconds, r.PeakBytes = (after - cpu).Seconds(), resident
	}
	for _, e := range result.History {
		r.History = append(r.History, newEpoch(e))
	}
	r.Validation, r.Shares, r.KeptParent = result.Validation, result.Shares, result.KeptParent
	if !math.IsNaN(result.ParentValidation) {
		r.ParentValidation = &result.ParentValidation
	}
	for i, v := range result.Affinity {
		if i/n != i%n && v > 0 {
			r.Edges++
		}
	}
	return result, nil
}
