package sidecar

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/exchange"
	"github.com/deepscaler/deepscaler/estimator/model"
	"github.com/deepscaler/deepscaler/learner/em"
	"github.com/deepscaler/deepscaler/learner/record"
	"github.com/deepscaler/deepscaler/learner/train"
)

// Historian reads histories; a [record.Reader] does.
type Historian interface {
	Read(ctx context.Context, q record.Recent) (*estimator.Window, []estimator.Edge, error)
}

// Trainer is [train.Train].
type Trainer func(ctx context.Context, in train.Input, s train.Spec) (*train.Result, error)

// student looks at one application at a time.
type student struct {
	settings exchange.Learning
	dir      exchange.Dir
	limits   artifact.Limits
	history  Historian
	train    Trainer
	now      func() time.Time
	seed     func() uint64
	metrics  *Metrics
	log      *slog.Logger
}

// outcome is what came of a look.
type outcome struct {
	result result
	// detail is a sentence without a full stop.
	detail string
	wait   time.Duration // until there is enough history
	// scratch is true if a training began without the serving model.
	scratch bool
	err     error
}

// result is the kind of an outcome, as a label of metrics.
type result string

const (
	resultPublished result = "published"
	resultKept      result = "kept back"
	resultUnneeded  result = "not needed"
	resultWaiting   result = "waiting"
	resultFailed    result = "failed"
	resultDiverged  result = "training failed"
	resultTimeout   result = "timeout"
)

func failed(err error) outcome { return outcome{result: resultFailed, err: err} }

// look tests the serving model of an application and trains a child if there is a reason.
func (s *student) look(ctx context.Context, e entry) outcome {
	o := s.try(ctx, e)
	if o.err != nil && errors.Is(o.err, context.DeadlineExceeded) && ctx.Err() != nil {
		o.result = resultTimeout
		o.err = fmt.Errorf("it took longer than its share of the learning interval: %w", o.err)
	}
	return o
}

func (s *student) try(ctx context.Context, e entry) outcome {
	serving, err := s.serving(e.Application)
	if err != nil {
		return failed(err)
	}
	services, err := servicesOf(e.Application)
	if err != nil {
		return failed(err)
	}
	step := e.Step.Duration
	history, edges, err := s.history.Read(ctx, record.Recent{
		Services: services, Features: estimator.Features(e.Features), Step: step, Steps: int(s.settings.History / step), End: s.now(),
	})
	if err != nil {
		return failed(fmt.Errorf("read the history: %w", err))
	}
	have := time.Duration(history.Steps) * step
	missing := max(0, s.settings.LeastHistory-have)
	s.metrics.history(e.Name, have, missing)
	if missing > 0 {
		return outcome{result: resultWaiting, wait: missing, detail: fmt.Sprintf("it has %v of the %v of history that training needs, which there will be at %s",
			have.Round(time.Second), s.settings.LeastHistory, s.now().Add(missing).UTC().Format(time.RFC3339))}
	}
	l := &Lesson{
		Settings: s.settings, Application: e.Application, History: history, Edges: edges, Serving: serving,
		Scratch: e.scratch, Iterations: e.iterations, Seed: s.seed(), Train: s.train, Now: s.now,
		Judged: func(name string, f exchange.Figures) { s.metrics.judged(e.Name, name, f) },
	}
	l.Progress = progress{s, e.Name}
	reason, why, err := l.Look(ctx, s.ratio(e.Application))
	if err != nil {
		return failed(err)
	}
	if reason == None {
		return outcome{result: resultUnneeded, detail: why}
	}
	s.metrics.began(e.Name, reason)
	s.log.InfoContext(ctx, "Training", "application", e.Name, "because", why, "history", have, "iterations", e.iterations)
	o := s.handOver(ctx, l, why)
	o.scratch = l.FromScratch()
	return o
}

// handOver trains a child, and leaves the adapter what was found.
func (s *student) handOver(ctx context.Context, l *Lesson, why string) outcome {
	child, report, err := l.Learn(ctx, why)
	if errors.Is(err, ErrTraining) {
		return outcome{result: resultDiverged, err: err}
	}
	if err != nil {
		return failed(err)
	}
	// The model first: the report names it.
	if report.Published {
		if err := s.dir.WriteModel(report.Application, child); err != nil {
			return failed(fmt.Errorf("hand over: %w", err))
		}
	}
	if err := s.dir.WriteReport(report); err != nil {
		return failed(fmt.Errorf("hand over: %w", err))
	}
	if report.Published {
		return outcome{result: resultPublished, detail: fmt.Sprintf("a model was trained because %s, and handed over because %s", why, report.Verdict)}
	}
	return outcome{result: resultKept, detail: fmt.Sprintf("a model was trained because %s, and kept back because %s", why, report.Verdict)}
}

// ratio returns the loss of the serving model ÷ that of queueing theory when it passed the
// gate; 0 if that was in another pod.
func (s *student) ratio(a exchange.Application) float64 {
	if r, err := s.dir.ReadReport(a.Name); err == nil && r.Model == a.Serving && r.HAB.Loss > 0 {
		return r.Child.Loss / r.HAB.Loss
	}
	return 0
}

// progress exports the progress of a training.
type progress struct {
	*student
	application string
}

// Tried implements [train.Progress].
func (p progress) Tried(train.Trial) {}

// Begin implements [train.Progress].
func (p progress) Begin(*train.Report) { p.metrics.advanced(p.application, 0) }

// Epoch implements [train.Progress].
func (p progress) Epoch(e em.Epoch, done float64, total int) {
	p.metrics.advanced(p.application, done/float64(total))
	if !math.IsNaN(e.Validation) {
		p.log.Debug("Epoch", "application", p.application, "iteration", e.Iteration, "phase", e.Phase, "epoch", e.Epoch, "training", e.Training, "validation", e.Validation)
	}
}

// serving returns the model that serves, nil without one.
func (s *student) serving(a exchange.Application) (*artifact.Model, error) {
	if a.Serving == "" {
		return nil, nil
	}
	m, err := s.dir.ReadServing(a.Name, s.limits)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && m.Hash() != a.Serving:
		return nil, errors.New("the model that serves is just being replaced")
	case err != nil:
		return nil, fmt.Errorf("the model that serves: %w", err)
	}
	return m, nil
}

// fits reports why a model cannot serve an application.
func fits(m *artifact.Model, a exchange.Application) error {
	e, err := model.NewEstimator(m)
	if err != nil {
		return err
	}
	return e.Fits(a.Step.Duration, a.Window, estimator.Features(a.Features), a.LeadTime.Duration)
}
