package selfmetrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/tick"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// noEstimator is the label of services that no estimator could serve.
const noEstimator = "none"

var _ tick.Observer = (*Metrics)(nil)

// StageTook implements [tick.Observer].
func (m *Metrics) StageTook(s tick.Stage, took time.Duration) {
	m.stages.WithLabelValues(string(s)).Observe(took.Seconds())
}

// WindowRead implements [tick.Observer].
func (m *Metrics) WindowRead(_ context.Context, application string, missing float64, warnings []*telemetry.Error) {
	m.saw(application)
	m.missing.WithLabelValues(application).Set(missing)
	for _, w := range warnings {
		m.warnings.WithLabelValues(application, w.Feature).Inc()
	}
}

// Estimated implements [tick.Observer].
func (m *Metrics) Estimated(_ context.Context, application string, estimators []string, o estimator.Origin) {
	m.saw(application)
	served := map[string]int{noEstimator: 0, tick.Network: 0}
	for i, name := range estimators {
		served[name] = 0
		if o.Errors[i] != nil {
			m.crashed.WithLabelValues(application, name).Inc()
		}
	}
	for _, i := range o.From {
		if i < 0 {
			served[noEstimator]++
		} else {
			served[estimators[i]]++
		}
	}
	for name, n := range served {
		m.estimated.WithLabelValues(application, name).Set(float64(n))
	}
}

// Planned implements [tick.Observer].
func (m *Metrics) Planned(_ context.Context, b *tick.Basis) {
	m.saw(b.Application)
	m.trust.observe(b.Application, b.Verdict)
}

// Discovered records the autoscalers and deletes the series of applications that
// are gone.
func (m *Metrics) Discovered(s discovery.Snapshot, misconfigured int) {
	m.autoscalers.Set(float64(len(s.Autoscalers)))
	m.misconfigured.Set(float64(misconfigured))
	present := s.Names()
	m.mu.Lock()
	defer m.mu.Unlock()
	for name := range m.seen {
		if present[name] {
			continue
		}
		delete(m.seen, name)
		m.trust.forget(name)
		for _, v := range []interface{ DeletePartialMatch(prometheus.Labels) int }{
			m.failures, m.lastSuccess, m.missing, m.warnings, m.estimated, m.crashed,
			m.models.published, m.models.refused, m.models.rejected,
		} {
			v.DeletePartialMatch(prometheus.Labels{"application": name})
		}
	}
}

// saw records that an application may have series. A tick that ends after its
// application is gone leaves some, which the next Discovered deletes.
func (m *Metrics) saw(application string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen[application] = true
}
