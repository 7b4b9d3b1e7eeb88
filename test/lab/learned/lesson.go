// Package learned trains the autoscalers of the lab that learn, on other days than those
// that test them.
package learned

import (
	"context"
	"fmt"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/model"
	"github.com/deepscaler/deepscaler/learner/baseline"
	"github.com/deepscaler/deepscaler/learner/train"
	"github.com/deepscaler/deepscaler/test/lab/loop"
)

// Lesson is what an autoscaler may learn from. It has the telemetry of the application under
// the same kind of load on other days, while another autoscaler managed it.
type Lesson struct {
	// Config is that of the run that left the history.
	Config  loop.Config
	History *estimator.Window
	Edges   []estimator.Edge
}

// Take runs an application for a lesson.
func Take(ctx context.Context, c loop.Config, teacher loop.Autoscaler, replicas []int) (*Lesson, error) {
	record, err := loop.Run(ctx, c, teacher, replicas)
	if err != nil {
		return nil, fmt.Errorf("make history: %w", err)
	}
	l := &Lesson{Config: c}
	// The first steps have no whole rate window behind them.
	if l.History, err = record.History.History(int(c.RateWindow / c.Step)); err != nil {
		return nil, fmt.Errorf("make history: %w", err)
	}
	whole := record.History.Window()
	l.Edges = whole.Calls.Edges(len(whole.Services))
	return l, nil
}

// Train trains a network of a kind, with the defaults of deepscaler train but for what is
// adjusted.
func (l *Lesson) Train(ctx context.Context, kind string, adjust func(*train.Spec)) (*train.Result, error) {
	s := train.DefaultSpec()
	Choose(&s, kind)
	s.LeadTime = l.Config.LeadTime()
	s.Label.SLO = train.Duration(l.Config.Application.SLO.Latency.D())
	s.Learning.Seed = l.Config.Seed
	adjust(&s)
	result, err := train.Train(ctx, train.Input{History: l.History, Edges: l.Edges, Now: time.Now}, s)
	if err != nil {
		return nil, fmt.Errorf("train %s: %w", kind, err)
	}
	return result, nil
}

// Estimator returns what a network of any kind estimates with.
func Estimator(a *artifact.Model) (*model.Estimator, error) {
	network, err := baseline.Load(a)
	if err != nil {
		return nil, err
	}
	return model.NewEstimatorOn(a, network)
}

// Estimate returns the time that a model takes for one estimate.
func (l *Lesson) Estimate(ctx context.Context, a *artifact.Model) (time.Duration, error) {
	e, err := Estimator(a)
	if err != nil {
		return 0, err
	}
	w := l.History.Slice(estimator.Range{From: 0, To: e.Steps()})
	const times = 50
	began := time.Now()
	for range times {
		if _, err := e.Estimate(ctx, w); err != nil {
			return 0, err
		}
	}
	return time.Since(began) / times, nil
}
