package selfmetrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/tick"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// StageTook records how long a stage of a tick took.
func (m *Metrics) StageTook(s tick.Stage, took time.Duration) {
	m.stages.WithLabelValues(string(s)).Observe(took.Seconds())
}

// WindowRead records the quality of an application's telemetry.
func (m *Metrics) WindowRead(application string, missing float64, warnings []*telemetry.Error) {
	m.saw(application)
	m.missing.WithLabelValues(application).Set(missing)
	for _, w := range warnings {
		m.warnings.WithLabelValues(application, w.Feature).Inc()
	}
}

// Estimated records how many services of an application each estimator served.
func (m *Metrics) Estimated(application string, services map[string]int) {
	m.saw(application)
	for estimator, n := range services {
		m.estimated.WithLabelValues(application, estimator).Set(float64(n))
	}
}

// Discovered records the autoscalers and forgets applications that are gone.
func (m *Metrics) Discovered(s discovery.Snapshot, misconfigured int) {
	m.autoscalers.Set(float64(len(s.Autoscalers)))
	m.misconfigured.Set(float64(misconfigured))
	present := map[string]bool{}
	for _, a := range s.Applications {
		present[a.Name] = true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for name := range m.seen {
		if present[name] {
			continue
		}
		delete(m.seen, name)
		for _, v := range []interface{ DeletePartialMatch(prometheus.Labels) int }{
			m.failures, m.lastSuccess, m.missing, m.warnings, m.estimated,
		} {
			v.DeletePartialMatch(prometheus.Labels{"application": name})
		}
	}
}

// saw remembers that there may be series of an application. A tick that ends
// after its application is gone leaves some, which the next Discovered deletes.
func (m *Metrics) saw(application string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.seen[application] = true
}
