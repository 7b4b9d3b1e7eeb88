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

// leastWindow is the shortest window that a network is trained on.
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
	s.LeadTime = a.LeadTime.Duration
	s.Label.SLO, s.Label.SLOPercentile = train.Duration(a.SLO.Duration), a.SLOPercentile
	if parent == nil {
		// The network looks back as far as the adapter reads, less what the analytic
		// forecast of its first step looks back before that.
		s.Samples.Window = min(s.Samples.Window, max(leastWindow, a.Window/3))
		s.AnalyticWindow = min(s.AnalyticWindow, a.Window-s.Samples.Window+1)
		if s.AnalyticWindow < leastWindow {
			return s, fmt.Errorf("the adapter reads windows of %d steps, want at least %d: raise window in the configuration", a.Window, 2*leastWindow)
		}
	}
	// The gate tests.
	s.Samples.Split = samples.Split{Train: 0.85, Validation: 0.15}
	s.Learning.Iterations, s.Learning.Seed = iterations, seed
	return s, s.Validate()
}

// queueingOf returns the estimator that serves without a model, with the settings of the
// adapter.
func queueingOf(a exchange.Application) (estimator.Estimator, error) {
	c := queueing.DefaultConfig()
	c.SLO, c.SLOPercentile = a.SLO.Duration, a.SLOPercentile
	c.MinUtilisation, c.MaxUtilisation, c.Headroom = a.MinUtilisation, a.MaxUtilisation, a.Headroom
	c.LeadTime = a.LeadTime.Duration
	hab, err := queueing.NewHAB(c)
	if err != nil {
		return nil, err
	}
	mmn, err := queueing.NewMMN(c)
	if err != nil {
		return nil, err
	}
	return estimator.First(hab, mmn), nil
}

// labelOf returns what forecasts are judged by: the need at the utilisation that the
// adapter plans for, whatever a model was trained on.
func labelOf(a exchange.Application, edges []estimator.Edge) samples.Labeller {
	return samples.Required{
		SLO: a.SLO.Duration, SLOPercentile: a.SLOPercentile, Calls: edges,
		MinUtilisation: a.MinUtilisation, MaxUtilisation: a.MaxUtilisation,
	}
}
