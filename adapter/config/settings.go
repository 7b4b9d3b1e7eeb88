package config

import (
	"time"

	"github.com/deepscaler/deepscaler/estimator/exchange"
	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/estimator/queueing"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// Default returns the configuration that only lacks the URL of Prometheus.
func Default() *Adapter { return defaultsFor(telemetry.DefaultScrapeInterval, 0) }

const (
	// lookBack is how far estimates look back. What a service uses without
	// requests shows only where its load varied.
	lookBack = 10 * time.Minute
	// quantile makes a missing replica weigh as much as four spare ones.
	quantile = 0.8
	// nodeStart is what a node of a cloud takes to boot and join, and a little more.
	nodeStart = 3 * time.Minute
	// leastWindow is how many steps that must be for a trend.
	leastWindow = 12
)

// defaultsFor returns the defaults that go with a scrape interval, with a step
// of that length unless another is given: what happens within a step is seen
// after it, so the shortest one that brings new samples reacts first.
func defaultsFor(scrapeInterval, step time.Duration) *Adapter {
	if step == 0 {
		step = scrapeInterval
	}
	q, p := queueing.DefaultConfig(), plan.DefaultConfig()
	t := telemetry.ConfigFor(scrapeInterval)
	t.RateWindow = max(t.RateWindow, step)
	return &Adapter{
		APIVersion: APIVersion,
		Kind:       Kind,
		Step:       step,
		Window:     max(leastWindow, int(lookBack/max(step, time.Second))),
		APIs:       BothAPIs,
		Delegate:   Delegate{Timeout: 5 * time.Second},
		Telemetry:  t,
		Defaults: Settings{
			LeadTime:          plan.PodStart + plan.Sync + step,
			NodeStart:         nodeStart,
			SLO:               q.SLO,
			SLOPercentile:     q.SLOPercentile,
			MinUtilisation:    q.MinUtilisation,
			MaxUtilisation:    q.MaxUtilisation,
			Headroom:          q.Headroom,
			Hold:              p.Hold,
			RoundingTolerance: p.RoundingTolerance,
			Mode:              "active",
			Quantile:          quantile,
		},
		Models:  Models{Serve: true, Lease: "deepscaler-learner", MaxBytes: 64 << 20},
		Learner: exchange.DefaultLearning(),
		Certificates: Certificates{
			Secret:  "deepscaler-adapter-certificate",
			Service: "deepscaler-adapter",
		},
	}
}

// SettleTime returns Settle, or the default that 0 stands for.
func (a *Adapter) SettleTime() time.Duration {
	if a.Settle > 0 {
		return a.Settle
	}
	return min(time.Second, a.Step/10)
}

// Settings returns the settings of the application with the given name. The lead
// time includes the offset of windows that end early.
func (a *Adapter) Settings(name string) Settings {
	s := a.Defaults
	for _, o := range a.Applications {
		if o.Name == name {
			s = o.apply(s)
		}
	}
	s.LeadTime += a.Telemetry.Prometheus.Offset
	return s
}

// LongestLeadTime returns that of the application with the longest one.
func (a *Adapter) LongestLeadTime() time.Duration {
	longest := a.Settings("").LeadTime
	for _, o := range a.Applications {
		longest = max(longest, a.Settings(o.Name).LeadTime)
	}
	return longest
}

// Consent returns the namespaces that may join each application.
func (a *Adapter) Consent() map[string][]string {
	consent := map[string][]string{}
	for _, o := range a.Applications {
		consent[o.Name] = o.Namespaces
	}
	return consent
}

func (o Override) apply(s Settings) Settings {
	override(&s.LeadTime, o.LeadTime)
	override(&s.NodeStart, o.NodeStart)
	override(&s.SLO, o.SLO)
	override(&s.SLOPercentile, o.SLOPercentile)
	override(&s.MinUtilisation, o.MinUtilisation)
	override(&s.MaxUtilisation, o.MaxUtilisation)
	override(&s.Headroom, o.Headroom)
	override(&s.Hold, o.Hold)
	override(&s.RoundingTolerance, o.RoundingTolerance)
	override(&s.Quantile, o.Quantile)
	override(&s.Model, o.Model)
	override(&s.Mode, o.Mode)
	return s
}

func override[T any](setting *T, value *T) {
	if value != nil {
		*setting = *value
	}
}

// Queueing returns the settings for the queueing estimators.
func (s Settings) Queueing() queueing.Config {
	c := queueing.DefaultConfig()
	c.SLO, c.SLOPercentile = s.SLO, s.SLOPercentile
	c.MinUtilisation, c.MaxUtilisation = s.MinUtilisation, s.MaxUtilisation
	c.Headroom = s.Headroom
	c.LeadTime = s.LeadTime
	return c
}

// Plan returns the settings for the plan.
func (s Settings) Plan() plan.Config {
	c := plan.DefaultConfig()
	c.LeadTime = s.LeadTime
	c.RoundingTolerance, c.Hold = s.RoundingTolerance, s.Hold
	return c
}
