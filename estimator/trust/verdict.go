package trust

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/deepscaler/deepscaler/estimator/demand"
	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/estimator/queueing"
)

// Config has the settings of an application that trust depends on.
type Config struct {
	// LeadTime is how long a decision takes to have effect: what a forecast is made for.
	LeadTime time.Duration
	// SLO bounds the response time of the entries of the application.
	SLO demand.SLO
	// MinUtilisation and MaxUtilisation bound the utilisation that needs are counted
	// for, as fractions of the CPU limit.
	MinUtilisation, MaxUtilisation float64
	// RoundingTolerance is that of the plan.
	RoundingTolerance float64
	// Quantile is the one that the model serves with full trust; 0 for the one that it
	// is made for.
	Quantile float64
}

// ConfigOf returns the settings that go with those of queueing theory and of plans, for
// a model that serves a quantile.
func ConfigOf(q queueing.Config, p plan.Config, quantile float64) Config {
	return Config{
		LeadTime: p.LeadTime, SLO: demand.SLO{Bound: q.SLO, Percentile: q.SLOPercentile},
		MinUtilisation: q.MinUtilisation, MaxUtilisation: q.MaxUtilisation, RoundingTolerance: p.RoundingTolerance, Quantile: quantile,
	}
}

// Validate reports the first invalid setting.
func (c Config) Validate() error {
	if err := c.SLO.Validate(); err != nil {
		return err
	}
	switch {
	case c.LeadTime <= 0:
		return fmt.Errorf("lead time is %v, want a positive duration", c.LeadTime)
	case !(c.MinUtilisation > 0 && c.MinUtilisation <= c.MaxUtilisation && c.MaxUtilisation < 1):
		return fmt.Errorf("utilisation is %v to %v, want fractions of the CPU limit", c.MinUtilisation, c.MaxUtilisation)
	case !(c.Quantile >= 0 && c.Quantile < 1):
		return fmt.Errorf("quantile is %v, want 0 to below 1", c.Quantile)
	case !(c.RoundingTolerance >= 0 && c.RoundingTolerance < 1):
		return errors.New("rounding tolerance is no fraction of a replica")
	}
	return nil
}

// Verdict is the trust in a model at one step.
type Verdict struct {
	// Trust is from 0 to 1; NaN without a model.
	Trust float64
	// Level is what follows from it; meaningless without a model.
	Level Level
	// Quantile is the one that serves; 0 for the one that the model is made for.
	Quantile float64
	// ScaleIn is the largest share of the pods of a service that a plan may remove.
	ScaleIn float64
	// Hindcasts are in the order of time. There are none if nothing could be compared.
	Hindcasts []Hindcast
	// Violations is the share of the recent steps in which an entry broke the SLO; NaN
	// if there is no SLO or no latency.
	Violations float64
	// Outside is how far the application is out of the range of the training: 0 inside, 1
	// by half of its width in all services; NaN if unknown.
	Outside float64
	// Reason is what decided, in a few words.
	Reason string
}

// Hindcast compares forecasts from an earlier part of a window with what came.
type Hindcast struct {
	// Made is the end of that part.
	Made time.Time
	// Model and Baseline are the errors of the model and of queueing theory.
	Model, Baseline Errors
	// Needed is the sum of the whole replicas that were needed, and Services the
	// number of services that could be compared.
	Needed   float64
	Services int
	// Score is the trust that this comparison alone would give.
	Score float64
}

// Errors are the replicas that forecasts had too few and too many, over all services.
type Errors struct{ Missing, Spare float64 }

// Loss weighs a missing replica as much as four spare ones (a pinball loss).
func (e Errors) Loss() float64 { return shortage*e.Missing + (1-shortage)*e.Spare }

// absent is the verdict without a model.
func absent() Verdict {
	return Verdict{Trust: math.NaN(), Violations: math.NaN(), Outside: math.NaN(), ScaleIn: 1}
}
