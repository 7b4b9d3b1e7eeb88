package selfmetrics

import (
	"math"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/deepscaler/deepscaler/estimator/trust"
)

// confidence are the instruments of the trust in models.
type confidence struct {
	trust, level, violations, missing, spare *prometheus.GaugeVec
	changes                                  *prometheus.CounterVec

	mu   sync.Mutex
	last map[string]trust.Level // by application
}

func newConfidence() *confidence {
	application := []string{"application"}
	return &confidence{
		last: map[string]trust.Level{},
		trust: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "deepscaler_trust_ratio",
			Help: "Trust in the trained model of the application, from 0 to 1; absent without a model.",
		}, application),
		level: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "deepscaler_trust_level",
			Help: "1 for what follows from trust: full (the model serves), cautious (never below queueing theory, slow scale-in) or none (queueing theory), else 0; absent without a model.",
		}, []string{"application", "level"}),
		changes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deepscaler_trust_changes_total",
			Help: "Changes of the level of trust in the application's model, by the new level.",
		}, []string{"application", "level"}),
		violations: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "deepscaler_slo_violation_ratio",
			Help: "Share of the recent steps in which requests that entered the application took longer than its SLO; absent without an SLO, a model or latency.",
		}, application),
		missing: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "deepscaler_hindcast_missing_replicas",
			Help: "Replicas that the newest hindcast for the application had too few, by estimator: network, or hab for queueing theory.",
		}, []string{"application", "estimator"}),
		spare: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "deepscaler_hindcast_spare_replicas",
			Help: "Replicas that the newest hindcast for the application had too many, by estimator: network, or hab for queueing theory.",
		}, []string{"application", "estimator"}),
	}
}

func (c *confidence) all() []prometheus.Collector {
	return []prometheus.Collector{c.trust, c.level, c.changes, c.violations, c.missing, c.spare}
}

// observe records a verdict. Without a model there are no series.
func (c *confidence) observe(application string, v trust.Verdict) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before, known := c.last[application]
	if math.IsNaN(v.Trust) {
		if known {
			c.clear(application)
		}
		return
	}
	c.trust.WithLabelValues(application).Set(v.Trust)
	for _, l := range trust.Levels() {
		c.level.WithLabelValues(application, l.String()).Set(number(l == v.Level))
	}
	if before != v.Level || !known {
		c.changes.WithLabelValues(application, v.Level.String()).Inc()
		c.last[application] = v.Level
	}
	of := prometheus.Labels{"application": application}
	c.violations.DeletePartialMatch(of)
	if !math.IsNaN(v.Violations) {
		c.violations.WithLabelValues(application).Set(v.Violations)
	}
	c.missing.DeletePartialMatch(of)
	c.spare.DeletePartialMatch(of)
	if n := len(v.Hindcasts); n > 0 {
		h := v.Hindcasts[n-1]
		c.missing.WithLabelValues(application, "network").Set(h.Model.Missing)
		c.spare.WithLabelValues(application, "network").Set(h.Model.Spare)
		c.missing.WithLabelValues(application, "hab").Set(h.Baseline.Missing)
		c.spare.WithLabelValues(application, "hab").Set(h.Baseline.Spare)
	}
}

// clear deletes everything but the counter. c.mu is held.
func (c *confidence) clear(application string) {
	delete(c.last, application)
	for _, v := range []*prometheus.GaugeVec{c.trust, c.level, c.violations, c.missing, c.spare} {
		v.DeletePartialMatch(prometheus.Labels{"application": application})
	}
}

// forget deletes the series of an application.
func (c *confidence) forget(application string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clear(application)
	c.changes.DeletePartialMatch(prometheus.Labels{"application": application})
}
