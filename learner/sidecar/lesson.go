package sidecar

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/exchange"
	"github.com/deepscaler/deepscaler/estimator/model"
	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/estimator/queueing"
	"github.com/deepscaler/deepscaler/learner/em"
	"github.com/deepscaler/deepscaler/learner/gate"
	"github.com/deepscaler/deepscaler/learner/train"
)

// lesson is one look at an application with enough history.
type lesson struct {
	*student
	application exchange.Application
	history     *estimator.Window
	edges       []estimator.Edge
	serving     *artifact.Model // nil without one
	misfit      error           // why it cannot serve
	queueing    estimator.Estimator
}

const (
	// heldBack is the share of the history that the gate judges on, and mostHeldBack the
	// longest that it may be: what a child is not trained on, it does not know.
	heldBack     = 0.2
	mostHeldBack = 12 * time.Hour
	// leastHeldBack is the number of forecasts that a judgement should have.
	leastHeldBack = 20
	// scarce is the number of steps since a training from which a test can be told from
	// chance.
	scarce = 60
)

func (l *lesson) prepare() (err error) {
	if l.serving != nil {
		l.misfit = fits(l.serving, l.application)
	}
	// Judged windows have the graph that the adapter would have measured.
	judged := *l.history
	judged.Calls = queueing.Graph(l.history, l.edges)
	l.history = &judged
	l.queueing, err = queueingOf(l.application)
	return err
}

// court judges from a step on.
func (l *lesson) court(from int) (*gate.Court, error) {
	a := l.application
	quantile := a.Quantile
	if quantile == 0 {
		quantile = l.settings.Loss
	}
	return gate.NewCourt(gate.Case{
		History: l.history, From: from, Label: labelOf(a, l.edges), Window: a.Window, LeadTime: a.LeadTime.Duration, Quantile: quantile,
	})
}

// judge has a model judged as the adapter would serve it: the services that it does not
// know are left to queueing theory.
func (l *lesson) judge(ctx context.Context, c *gate.Court, m *artifact.Model) (*gate.Judgement, error) {
	e, err := model.NewEstimator(m)
	if err != nil {
		return nil, err
	}
	if q := l.application.Quantile; q > 0 {
		if e, err = e.At(q); err != nil {
			return nil, err
		}
	}
	return c.Judge(ctx, estimator.First(e, l.queueing))
}

// since tests the serving model on what came since its training; nil if that is too
// little, or there is no model that could serve.
func (l *lesson) since(ctx context.Context) (*test, error) {
	if l.serving == nil || l.misfit != nil {
		return nil, nil
	}
	from := 1
	for from < l.history.Steps && !l.history.Time(from).After(l.serving.Created) {
		from++
	}
	if l.history.Steps-from < scarce {
		return nil, nil
	}
	// A model from before the history leaves no steps to fit the label on.
	court, err := l.court(max(from, int(heldBack*float64(l.history.Steps))))
	if errors.Is(err, gate.ErrTooShort) {
		return nil, nil //nolint:nilerr // nothing to test on yet
	}
	if err != nil {
		return nil, err
	}
	hab, err := court.Judge(ctx, l.queueing)
	if err != nil {
		return nil, err
	}
	now, err := l.judge(ctx, court, l.serving)
	if err != nil {
		return nil, err
	}
	l.metrics.judged(l.application.Name, "serving", now.Figures)
	l.metrics.judged(l.application.Name, "queueing", hab.Figures)
	t := &test{model: now.Figures, hab: hab.Figures}
	// The report may be of another pod.
	if r, err := l.dir.ReadReport(l.application.Name); err == nil && r.Model == l.application.Serving && r.HAB.Loss > 0 {
		t.ratio = r.Child.Loss / r.HAB.Loss
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.log.WarnContext(ctx, "The last report cannot be read", "application", l.application.Name, "err", err)
	}
	return t, nil
}

// learn trains a child, judges it and hands over what was found.
func (l *lesson) learn(ctx context.Context, e entry, why string) outcome {
	ahead := plan.Steps(l.application.LeadTime.Duration, l.history.Step)
	held := min(int(heldBack*float64(l.history.Steps)), int(mostHeldBack/l.history.Step))
	from := l.history.Steps - max(held, leastHeldBack+ahead)
	court, err := l.court(from)
	if err != nil {
		return failed(err)
	}
	parent := l.serving
	if e.scratch || l.misfit != nil {
		parent = nil
	}
	o := outcome{scratch: parent == nil}
	child, err := l.child(ctx, from, parent, e.iterations)
	if err != nil {
		o.result, o.err = resultDiverged, fmt.Errorf("train: %w", err)
		return o
	}
	report, err := l.report(ctx, court, child, why)
	if err != nil {
		o.result, o.err = resultFailed, fmt.Errorf("judge the trained model: %w", err)
		return o
	}
	// The model first: the report names it.
	if report.Published {
		if err := l.dir.WriteModel(e.Name, child); err != nil {
			o.result, o.err = resultFailed, fmt.Errorf("hand over: %w", err)
			return o
		}
	}
	if err := l.dir.WriteReport(report); err != nil {
		o.result, o.err = resultFailed, fmt.Errorf("hand over: %w", err)
		return o
	}
	o.result, o.detail = resultKept, fmt.Sprintf("a model was trained because %s, and kept back because %s", why, report.Verdict)
	if report.Published {
		o.result, o.detail = resultPublished, fmt.Sprintf("a model was trained because %s, and handed over because %s", why, report.Verdict)
	}
	return o
}

// child trains on the steps before from.
func (l *lesson) child(ctx context.Context, from int, parent *artifact.Model, iterations int) (*artifact.Model, error) {
	spec, err := specOf(l.application, parent, iterations, l.seed())
	if err != nil {
		return nil, err
	}
	past := *l.history
	past.Calls = nil
	result, err := l.train(ctx, train.Input{
		History: past.Slice(estimator.Range{From: 0, To: from}), Edges: l.edges, Parent: parent, Now: l.now, Progress: progress{l},
	}, spec)
	if err != nil {
		return nil, err
	}
	return result.Model, fits(result.Model, l.application)
}

// report judges a child beside its parent and queueing theory.
func (l *lesson) report(ctx context.Context, court *gate.Court, child *artifact.Model, why string) (*exchange.Report, error) {
	found, err := l.judge(ctx, court, child)
	if err != nil {
		return nil, err
	}
	hab, err := court.Judge(ctx, l.queueing)
	if err != nil {
		return nil, fmt.Errorf("queueing theory: %w", err)
	}
	var parent *gate.Judgement
	if l.serving != nil && l.misfit == nil {
		if parent, err = l.judge(ctx, court, l.serving); err != nil {
			if ctx.Err() != nil {
				return nil, err
			}
			l.log.WarnContext(ctx, "The model that serves cannot be judged", "application", l.application.Name, "err", err)
		}
	}
	verdict := gate.Decide(found, parent, hab)
	for name, j := range map[string]*gate.Judgement{"child": found, "serving": parent, "queueing": hab} {
		if j != nil {
			l.metrics.judged(l.application.Name, name, j.Figures)
		}
	}
	return &exchange.Report{
		Application: l.application.Name, Model: child.Hash(), Parent: l.application.Serving, Trained: child.Created, Reason: why,
		Published: verdict.Publish, Verdict: verdict.Reason,
		Child: found.Figures, ParentFigures: gate.FiguresOf(parent), HAB: hab.Figures,
	}, nil
}

// progress exports the progress of a training.
type progress struct{ *lesson }

// Begin implements [train.Progress].
func (p progress) Begin(*train.Report) { p.metrics.advanced(p.application.Name, 0) }

// Epoch implements [train.Progress].
func (p progress) Epoch(e em.Epoch, done float64, total int) {
	p.metrics.advanced(p.application.Name, done/float64(total))
	if !math.IsNaN(e.Validation) {
		p.log.Debug("Epoch", "application", p.application.Name, "iteration", e.Iteration, "phase", e.Phase, "epoch", e.Epoch, "training", e.Training, "validation", e.Validation)
	}
}
