package autoscaler

import (
	"context"
	"fmt"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/exchange"
	"github.com/deepscaler/deepscaler/estimator/model"
	"github.com/deepscaler/deepscaler/estimator/queueing"
	"github.com/deepscaler/deepscaler/learner/sidecar"
	"github.com/deepscaler/deepscaler/learner/train"
	"github.com/deepscaler/deepscaler/test/lab/loop"
)

// living is DeepScaler with its learner: it begins with HAB, learns on the way from what
// it has seen so far, and changes to a model that passes the gate. Training takes no
// virtual time.
type living struct {
	*estimated

	settings exchange.Learning
	quantile float64
	serving  *artifact.Model
	ratio    float64 // of the losses when the serving model passed the gate
	scratch  bool
	due      time.Duration
	// reports are what the gate found, in order.
	reports []exchange.Report
	next    estimator.Estimator
	from    time.Duration // when next serves
}

// livingInterval is between two looks: runs last an hour or two, a cluster for ever.
const livingInterval = 20 * time.Minute

func newLiving(quantile float64, c *loop.Config) (loop.Autoscaler, error) {
	untrained, err := newUntrained(queueingConfig(c, queueing.DefaultConfig().MaxUtilisation), c)
	if err != nil {
		return nil, err
	}
	s := exchange.DefaultLearning()
	s.Interval, s.LeastHistory, s.History, s.MaxAge = livingInterval, livingInterval, 24*time.Hour, 3*livingInterval
	return &living{
		estimated: untrained, settings: s, quantile: quantile, due: c.Warmup + livingInterval,
	}, nil
}

// Tick implements [loop.Autoscaler].
func (l *living) Tick(c *loop.Cluster) error {
	if c.Now() >= l.due {
		l.due = c.Now() + l.settings.Interval
		if err := l.learn(context.Background(), c); err != nil {
			return fmt.Errorf("learn on the way: %w", err)
		}
	}
	if l.next != nil && c.Now() >= l.from {
		l.estimator, l.next = l.next, nil
	}
	return l.estimated.Tick(c)
}

// learn does what the sidecar does at every look, with what the loop has recorded.
func (l *living) learn(ctx context.Context, c *loop.Cluster) error {
	config := c.Config()
	whole := c.Last(int(min(c.Now(), l.settings.History) / config.Step))
	// The first steps have no whole rate window behind them.
	history := whole.Slice(estimator.Range{From: int(config.RateWindow / config.Step), To: whole.Steps})
	a := l.application(history, config)
	lesson := &sidecar.Lesson{
		Settings: l.settings, Application: a, History: history, Edges: whole.Calls.Edges(len(whole.Services)), Serving: l.serving, Scratch: l.scratch,
		Iterations: l.settings.Iterations, Seed: config.Seed, Train: train.Train, Now: c.Time,
	}
	reason, why, err := lesson.Look(ctx, l.ratio)
	if err != nil || reason == sidecar.None {
		return err
	}
	child, report, err := lesson.Learn(ctx, why)
	if err != nil {
		return err
	}
	l.reports = append(l.reports, *report)
	l.scratch = !report.Published && !lesson.FromScratch()
	if !report.Published {
		return nil
	}
	e, err := model.NewEstimator(child)
	if err != nil {
		return err
	}
	if e, err = e.At(l.quantile); err != nil {
		return err
	}
	trusted, err := newTrusted(e, l.quantile, child.Season, config)
	if err != nil {
		return err
	}
	l.serving, l.ratio = child, report.Child.Loss/report.HAB.Loss
	p := trusted.estimator.(pacing)
	p.of = l.estimated // which goes on with its HPAs
	l.next, l.from, l.steps, l.keep = p, c.Now()+3*config.Step, trusted.steps, trusted.keep
	return nil
}

// application is what the adapter asks for.
func (l *living) application(w *estimator.Window, c *loop.Config) exchange.Application {
	q := queueingConfig(c, queueing.DefaultConfig().MaxUtilisation)
	a := exchange.Application{
		Name: c.Application.Name, Step: exchange.Duration{Duration: c.Step}, Window: 2 * c.Steps, QueueingWindow: c.Steps, Features: estimator.FeatureNames(w.Features),
		LeadTime: exchange.Duration{Duration: c.LeadTime()}, Quantile: l.quantile,
		SLO: exchange.Duration{Duration: q.SLO}, SLOPercentile: q.SLOPercentile,
		MinUtilisation: q.MinUtilisation, MaxUtilisation: q.MaxUtilisation, Headroom: q.Headroom,
	}
	if l.serving != nil {
		a.Serving = l.serving.Hash()
	}
	for _, s := range w.Services {
		a.Services = append(a.Services, exchange.Service{Name: s.String(), Min: c.Bounds.Min, Max: c.Bounds.Max})
	}
	return a
}
