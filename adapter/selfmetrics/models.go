package selfmetrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// models are the instruments of trained models.
type models struct {
	info, trained                *prometheus.GaugeVec
	published, refused, rejected *prometheus.CounterVec
	failing, leading             prometheus.Gauge
}

func newModels() *models {
	application := []string{"application"}
	return &models{
		info: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "deepscaler_model_info",
			Help: "Always 1; the label model is the hash of the trained model that serves the application, absent when none does.",
		}, []string{"application", "model"}),
		trained: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "deepscaler_model_trained_timestamp_seconds",
			Help: "When the training of the model that serves the application ended, in seconds since the epoch.",
		}, application),
		published: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deepscaler_models_published_total",
			Help: "Models of the application that this replica has published.",
		}, application),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deepscaler_models_refused_total",
			Help: "Models of the application, published or from the learner, that may not serve; the reason is in Events and in the adapter's log.",
		}, application),
		rejected: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deepscaler_models_rejected_total",
			Help: "Models of the application that were no better than what serves, so that the learner kept them back.",
		}, application),
		failing: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "deepscaler_model_store_failing",
			Help: "1 while an operation on models fails, such as reading a ConfigMap, else 0; the adapter's log has the error.",
		}),
		leading: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "deepscaler_leading",
			Help: "1 for the replica that publishes models, else 0.",
		}),
	}
}

func (m *models) all() []prometheus.Collector {
	return []prometheus.Collector{m.info, m.trained, m.published, m.refused, m.rejected, m.failing, m.leading}
}

// ModelServes records which model serves an application from now on, "" for none. It
// holds as long as the model is published, also while the application has no autoscaler.
func (m *Metrics) ModelServes(application, hash string, trained time.Time) {
	of := prometheus.Labels{"application": application}
	m.models.info.DeletePartialMatch(of)
	m.models.trained.DeletePartialMatch(of)
	if hash != "" {
		m.models.info.WithLabelValues(application, hash).Set(1)
		m.models.trained.WithLabelValues(application).Set(float64(trained.Unix()))
	}
}

// ModelPublished counts a model that this replica has published.
func (m *Metrics) ModelPublished(application string) {
	m.saw(application)
	m.models.published.WithLabelValues(application).Inc()
}

// ModelRefused counts a model that may not serve.
func (m *Metrics) ModelRefused(application string) {
	m.saw(application)
	m.models.refused.WithLabelValues(application).Inc()
}

// ModelRejected counts a model that the learner kept back.
func (m *Metrics) ModelRejected(application string) {
	m.saw(application)
	m.models.rejected.WithLabelValues(application).Inc()
}

// ModelStoreFailing records whether something about models cannot be done.
func (m *Metrics) ModelStoreFailing(failing bool) { m.models.failing.Set(number(failing)) }

// Leading records whether this replica publishes models.
func (m *Metrics) Leading(leading bool) { m.models.leading.Set(number(leading)) }

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
