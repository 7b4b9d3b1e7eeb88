package sidecar

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/exchange"
	"github.com/deepscaler/deepscaler/estimator/model"
	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/estimator/queueing"
	"github.com/deepscaler/deepscaler/learner/gate"
	"github.com/deepscaler/deepscaler/learner/train"
)

// Lesson is one look at an application with enough history.
type Lesson struct {
	Settings    exchange.Learning
	Application exchange.Application
	History     *estimator.Window
	// Edges are the invocation graph, nil if unknown.
	Edges []estimator.Edge
	// Serving is the model that serves, nil without one.
	Serving *artifact.Model
	// Scratch lets a child begin without the serving model.
	Scratch bool
	// Iterations and Seed are those of a training.
	Iterations int
	Seed       uint64

	Train    Trainer
	Progress train.Progress // nil for nobody
	Now      func() time.Time
	// Judged, unless nil, is called with every judgement on "child", "serving" or
	// "queueing".
	Judged func(estimator string, f exchange.Figures)
}

const (
	// heldBack is the share of the history that the gate judges on, and mostHeldBack the
	// longest that it may be: what a child is not trained on, it does not know.
	heldBack     = 0.2
	mostHeldBack = 12 * time.Hour
	// leastHeldBack is the number of forecasts that a judgement should have.
	leastHeldBack = 20
	// unchosen is the quantile of the loss where the application leaves that to the model: a
	// missing replica weighs as much as four spare ones.
	unchosen = 0.8
	// scarce is the number of steps since a training from which a test can be told from
	// chance.
	scarce = 60
)

// Look tests the serving model on what came since its training, and returns whether there
// is a reason to train. ratio is the loss of the model ÷ that of queueing theory when it
// passed the gate, 0 if unknown.
func (l *Lesson) Look(ctx context.Context, ratio float64) (Reason, string, error) {
	s := situation{now: l.Now(), maxAge: l.Settings.MaxAge, application: l.Application, serving: l.Serving, misfit: l.misfit()}
	var err error
	if s.since, err = l.since(ctx); err != nil {
		return None, "", fmt.Errorf("test the model that serves: %w", err)
	}
	if s.since != nil {
		s.since.ratio = ratio
	}
	reason, why := s.reason()
	return reason, why, nil
}

// Learn trains a child and judges it. An error that wraps [ErrTraining] is about the
// training.
func (l *Lesson) Learn(ctx context.Context, why string) (*artifact.Model, *exchange.Report, error) {
	ahead := plan.Steps(l.Application.LeadTime.Duration, l.History.Step)
	held := min(int(heldBack*float64(l.History.Steps)), int(mostHeldBack/l.History.Step))
	from := l.History.Steps - max(held, leastHeldBack+ahead)
	court, err := l.court(from)
	if err != nil {
		return nil, nil, err
	}
	child, err := l.child(ctx, from)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrTraining, err)
	}
	report, err := l.report(ctx, court, child, why)
	if err != nil {
		return nil, nil, fmt.Errorf("judge the trained model: %w", err)
	}
	return child, report, nil
}

// ErrTraining is wrapped by the error of a training.
var ErrTraining = errors.New("train")

// misfit reports why the serving model cannot serve.
func (l *Lesson) misfit() error {
	if l.Serving == nil {
		return nil
	}
	return fits(l.Serving, l.Application)
}

// FromScratch reports whether a child begins without the serving model.
func (l *Lesson) FromScratch() bool { return l.Serving == nil || l.Scratch || l.misfit() != nil }

// court judges from a step on.
func (l *Lesson) court(from int) (*gate.Court, error) {
	a := l.Application
	quantile := cmp.Or(a.Quantile, unchosen)
	judged := *l.History
	// About the graph that the adapter would have measured.
	judged.Calls = queueing.Graph(l.History, l.Edges)
	return gate.NewCourt(gate.Case{
		History: &judged, From: from, Label: labelOf(a, l.Edges), Window: a.Window, LeadTime: a.LeadTime.Duration, Quantile: quantile,
	})
}

// judge has a model judged as the adapter would serve it: the services that it does not
// know are left to queueing theory, which alone is judged without a model.
func (l *Lesson) judge(ctx context.Context, c *gate.Court, name string, m *artifact.Model) (*gate.Judgement, error) {
	joint, err := queueingOf(l.Application, m)
	if err != nil {
		return nil, err
	}
	if m != nil {
		e, err := model.NewEstimator(m)
		if err != nil {
			return nil, err
		}
		if q := l.Application.Quantile; q > 0 {
			if e, err = e.At(q); err != nil {
				return nil, err
			}
		}
		joint = estimator.First(e, joint)
	}
	j, err := c.Judge(ctx, joint)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if l.Judged != nil {
		l.Judged(name, j.Figures)
	}
	return j, nil
}

// since tests the serving model on what came since its training; nil if that is too
// little, or there is no model that could serve.
func (l *Lesson) since(ctx context.Context) (*test, error) {
	if l.Serving == nil || l.misfit() != nil {
		return nil, nil //nolint:nilerr // what cannot serve is not tested
	}
	from := 1
	for from < l.History.Steps && !l.History.Time(from).After(l.Serving.Created) {
		from++
	}
	if l.History.Steps-from < scarce {
		return nil, nil
	}
	// A model from before the history leaves no steps to fit the label on.
	court, err := l.court(max(from, int(heldBack*float64(l.History.Steps))))
	if errors.Is(err, gate.ErrTooShort) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	hab, err := l.judge(ctx, court, "queueing", nil)
	if err != nil {
		return nil, err
	}
	now, err := l.judge(ctx, court, "serving", l.Serving)
	if err != nil {
		return nil, err
	}
	return &test{model: now.Figures, hab: hab.Figures}, nil
}

// child trains on the steps before from.
func (l *Lesson) child(ctx context.Context, from int) (*artifact.Model, error) {
	parent := l.Serving
	if l.FromScratch() {
		parent = nil
	}
	spec, err := specOf(l.Application, parent, l.Iterations, l.Seed)
	if err != nil {
		return nil, err
	}
	result, err := l.Train(ctx, train.Input{
		History: l.History.Slice(estimator.Range{From: 0, To: from}), Edges: l.Edges, Parent: parent, Now: l.Now, Progress: l.Progress,
	}, spec)
	if err != nil {
		return nil, err
	}
	return result.Model, fits(result.Model, l.Application)
}

// report judges a child beside its parent and queueing theory.
func (l *Lesson) report(ctx context.Context, court *gate.Court, child *artifact.Model, why string) (*exchange.Report, error) {
	found, err := l.judge(ctx, court, "child", child)
	if err != nil {
		return nil, err
	}
	hab, err := l.judge(ctx, court, "queueing", nil)
	if err != nil {
		return nil, err
	}
	var parent *gate.Judgement
	if l.Serving != nil && l.misfit() == nil {
		// A parent that cannot be judged need not be beaten.
		if parent, err = l.judge(ctx, court, "serving", l.Serving); err != nil && ctx.Err() != nil {
			return nil, err
		}
	}
	verdict := gate.Decide(found, parent, hab)
	return &exchange.Report{
		Application: l.Application.Name, Model: child.Hash(), Parent: l.Application.Serving, Trained: child.Created, Reason: why,
		Published: verdict.Publish, Verdict: verdict.Reason,
		Child: found.Figures, ParentFigures: gate.FiguresOf(parent), HAB: hab.Figures,
	}, nil
}
