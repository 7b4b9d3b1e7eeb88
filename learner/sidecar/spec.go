package sidecar

import (
	"fmt"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/exchange"
	"github.com/deepscaler/deepscaler/estimator/queueing"
	"github.com/deepscaler/deepscaler/learner/samples"
	"github.com/deepscaler/deepscaler/learner/train"
)

// leastWindow is the shortest window of an analytic forecast.
const leastWindow = 4

// specOf returns how to train a model for an application: further from a parent, which
// may be nil.
func specOf(a exchange.Application, parent *artifact.Model, iterations int, seed uint64) (train.Spec, error) {
	s := train.DefaultSpec()
	if parent != nil {
		var err error
		if s, err = train.SpecOf(parent); err != nil {
			return s, err
		}
	}
	s.LeadTime, s.Headroom = a.LeadTime.Duration, a.Headroom
	s.Label.SLO, s.Label.SLOPercentile = train.Duration(a.SLO.Duration), a.SLOPercentile
	s.Label.MinUtilisation, s.Label.MaxUtilisation = a.MinUtilisation, a.MaxUtilisation
	if parent == nil {
		// The network sees an analytic forecast at each of its steps, which looks back by
		// itself as far as that of the adapter does.
		s.AnalyticWindow = a.QueueingWindow
		s.Samples.Window = min(s.Samples.Window, a.Window-s.AnalyticWindow+1)
		if s.AnalyticWindow < leastWindow {
			return s, fmt.Errorf("queueing theory sees %d steps, want at least %d: raise window in the configuration", a.QueueingWindow, leastWindow)
		}
	}
	// The gate tests.
	s.Samples.Split = samples.Split{Train: 0.85, Validation: 0.15}
	s.Learning.Iterations, s.Learning.Seed = iterations, seed
	return s, s.Validate()
}

// queueingOf returns the estimator that serves without a model, with the settings of the
// adapter, and with the season of a model, which may be nil.
func queueingOf(a exchange.Application, m *artifact.Model) (estimator.Estimator, error) {
	c := queueing.DefaultConfig()
	c.SLO, c.SLOPercentile = a.SLO.Duration, a.SLOPercentile
	c.MinUtilisation, c.MaxUtilisation, c.Headroom = a.MinUtilisation, a.MaxUtilisation, a.Headroom
	c.LeadTime = a.LeadTime.Duration
	if m != nil && m.Season != nil {
		c.Season = m.Season
	}
	hab, err := queueing.NewHAB(c)
	if err != nil {
		return nil, err
	}
	mmn, err := queueing.NewMMN(c)
	if err != nil {
		return nil, err
	}
	return estimator.Newest(estimator.First(hab, mmn), a.QueueingWindow), nil
}

// labelOf returns what forecasts are judged by: the need at the utilisation that the
// adapter plans for, whatever a model was trained on.
func labelOf(a exchange.Application, edges []estimator.Edge) samples.Labeller {
	return samples.Required{
		SLO: a.SLO.Duration, SLOPercentile: a.SLOPercentile, Calls: edges,
		MinUtilisation: a.MinUtilisation, MaxUtilisation: a.MaxUtilisation,
	}
}
