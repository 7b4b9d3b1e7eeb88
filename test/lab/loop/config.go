// Package loop closes the loop between a testbed and an autoscaler in virtual time.
package loop

import (
	"fmt"
	"time"

	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/test/lab/workload"
	"github.com/deepscaler/deepscaler/test/testbed/app"
)

// Config is one experiment: an application under a load.
type Config struct {
	Application *app.Application
	// Load covers warm-up and duration.
	Load *workload.Load
	// Past is a load of other days, for autoscalers that learn; nil without.
	Past *workload.Load
	// Seed decides every request and every delay.
	Seed uint64
	// Duration is measured. Warmup comes before, so that there is something to look
	// back on.
	Duration, Warmup time.Duration
	// Step is Δ, the time between two decisions of an estimator and between two columns of
	// its window, and Steps is τ, the columns of the window.
	Step  time.Duration
	Steps int
	// Scrape is the interval at which Prometheus samples, RateWindow that of its rates,
	// Settle what passes between the end of a step and the query for it.
	Scrape, RateWindow, Settle time.Duration
	// Sync is the period of the controller of HorizontalPodAutoscalers, and of the
	// metrics server.
	Sync time.Duration
	// Hold is how long DeepScaler keeps replicas after a fall of the load.
	Hold time.Duration
	// StartSpread is how much longer than its start delay a pod may take to be ready, as a
	// share of it: each takes a random time in between.
	StartSpread float64
	// Bounds of the replicas of every service.
	Bounds plan.Bounds
}

// Defaults returns an experiment with the periods that Kubernetes, Prometheus and
// DeepScaler have by default, an hour long.
func Defaults(a *app.Application, l *workload.Load, seed uint64) Config {
	return Config{
		Application: a, Load: l, Seed: seed,
		Duration: time.Hour, Warmup: 6 * time.Minute,
		Step: 15 * time.Second, Steps: 40,
		Scrape: 15 * time.Second, RateWindow: 30 * time.Second, Settle: time.Second,
		Sync:   15 * time.Second,
		Hold:   plan.Stabilization,
		Bounds: plan.Bounds{Min: 1, Max: 100},
	}
}

// LeadTime returns how long a decision takes until it serves requests: the start of
// the slowest pod, a sync and a step.
func (c *Config) LeadTime() time.Duration {
	var start time.Duration
	for i := range c.Application.Services {
		start = max(start, c.Application.Services[i].StartDelay.D())
	}
	return start + time.Duration(c.StartSpread*float64(start)) + c.Sync + c.Step
}

// Validate reports what a loop cannot run with.
func (c *Config) Validate() error {
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"duration", c.Duration}, {"warm-up", c.Warmup}, {"step", c.Step}, {"scrape interval", c.Scrape}, {"settle time", c.Settle}, {"sync period", c.Sync},
	} {
		if d.value < time.Second || d.value%time.Second != 0 {
			return fmt.Errorf("%s is %v, want whole seconds, at least one", d.name, d.value)
		}
	}
	switch {
	case c.Step%bin != 0:
		return fmt.Errorf("step is %v, want a multiple of %v", c.Step, bin)
	case c.Duration%c.Step != 0 || c.Warmup%c.Step != 0:
		return fmt.Errorf("duration is %v and warm-up %v, want multiples of the step of %v", c.Duration, c.Warmup, c.Step)
	case c.Settle >= c.Step:
		return fmt.Errorf("settle time is %v, want less than the step of %v", c.Settle, c.Step)
	case len(c.Load.Profile) < int((c.Warmup + c.Duration).Seconds()):
		return fmt.Errorf("load %s lasts %d s, want at least warm-up and duration, %v", c.Load.Name, len(c.Load.Profile), c.Warmup+c.Duration)
	}
	return nil
}
