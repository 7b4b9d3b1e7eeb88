package queueing

import (
	"fmt"
	"math"
	"time"

	"github.com/deepscaler/deepscaler/estimator/demand"
)

// Config holds what the operator of one application may set. The zero value is
// not usable; start from [DefaultConfig].
type Config struct {
	// SLO is the bound on the response time of requests that enter the
	// application. It is measured at the entry service and so includes every
	// call behind it. Zero means no SLO: utilisation then aims at the middle
	// between its bounds.
	SLO time.Duration `yaml:"slo"`
	// SLOPercentile selects what SLO bounds: 0 the mean response time, which is
	// what the telemetry of Table I holds, or the given percentile as a
	// fraction below 1 (0.95 for p95), see [demand.SLO]. A chain of several
	// services varies less than one, so the bound errs on the safe side.
	SLOPercentile float64 `yaml:"sloPercentile"`
	// MinUtilisation and MaxUtilisation bound the planned CPU utilisation, as a
	// fraction of the CPU limit. Between the two the SLO decides: the tighter
	// it is, the lower the utilisation.
	MinUtilisation float64 `yaml:"minUtilisation"`
	MaxUtilisation float64 `yaml:"maxUtilisation"`
	// Headroom is the least distance between replicas and offered load, in
	// standard deviations of a Poisson stream (square-root staffing): n ≥ a +
	// Headroom·√a replicas for an offered load of a. It matters for services
	// of a few replicas, where one utilisation target for all leaves too
	// little room for bursts. [HAB] plans it for services whose load moved within the window,
	// as that of the application did, see [demand.Movement]: a calm load needs none.
	Headroom float64 `yaml:"headroom"`

	// LeadTime is how long a decision takes to have effect: pod start, HPA
	// sync and one tick. Demand is forecast that far ahead, and a backlog is
	// to be cleared within it.
	LeadTime time.Duration `yaml:"-"`
	// Horizon is the number of steps to forecast; 0 means as many as LeadTime
	// covers.
	Horizon int `yaml:"-"`
	// Season describes how the requests from outside recur; nil if unknown.
	Season Season `yaml:"-" json:"-"`
}

// DefaultConfig returns the settings for an application about which nothing is
// known.
//
// Utilisation is kept between 0.5 and 0.8 of the limit: under processor
// sharing the response time is twice its unloaded value at 0.5 and five times
// at 0.8, beyond which it grows too fast for any lead time. A headroom of half
// a standard deviation is what the upper bound leaves by itself from four busy
// replicas upwards. The lead time is that of a pod that is ready in 30 s, the
// default HPA sync period of 15 s and one step of 15 s.
func DefaultConfig() Config {
	return Config{
		MinUtilisation: 0.5,
		MaxUtilisation: 0.8,
		Headroom:       0.5,
		LeadTime:       time.Minute,
	}
}

// policy is what replicas are counted for.
func (c Config) policy() demand.Policy {
	return demand.Policy{
		SLO:            demand.SLO{Bound: c.SLO, Percentile: c.SLOPercentile},
		MinUtilisation: c.MinUtilisation, MaxUtilisation: c.MaxUtilisation,
	}
}

// Validate reports the first invalid setting.
func (c Config) Validate() error {
	if err := c.policy().SLO.Validate(); err != nil {
		return err
	}
	switch {
	case !(c.MinUtilisation > 0 && c.MinUtilisation <= 1):
		return fmt.Errorf("minUtilisation is %v, want a fraction of the CPU limit above 0 and at most 1", c.MinUtilisation)
	case !(c.MaxUtilisation >= c.MinUtilisation && c.MaxUtilisation < 1):
		return fmt.Errorf("maxUtilisation is %v, want a fraction of the CPU limit from minUtilisation (%v) to below 1", c.MaxUtilisation, c.MinUtilisation)
	case !(c.Headroom >= 0) || math.IsInf(c.Headroom, 0):
		return fmt.Errorf("headroom is %v, want a finite number of at least 0", c.Headroom)
	case c.LeadTime <= 0:
		return fmt.Errorf("lead time is %v, want a positive duration", c.LeadTime)
	case c.Horizon < 0:
		return fmt.Errorf("horizon is %d steps, want at least 1, or 0 for the lead time", c.Horizon)
	}
	return nil
}

// horizon returns the number of columns of a forecast in steps of the given
// length.
func (c Config) horizon(step time.Duration) int {
	if c.Horizon > 0 {
		return c.Horizon
	}
	return int((c.LeadTime + step - 1) / step)
}
