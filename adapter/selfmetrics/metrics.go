// Package selfmetrics exports the metrics of the adapter, including its
// predictions, for dashboards and other scalers.
package selfmetrics

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"k8s.io/component-base/metrics/legacyregistry"

	"github.com/deepscaler/deepscaler/adapter/tick"
)

// Metrics holds the instruments. It is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	learner  prometheus.Gatherer // nil without one

	ticks         *prometheus.HistogramVec
	stages        *prometheus.HistogramVec
	failures      *prometheus.CounterVec
	lastSuccess   *prometheus.GaugeVec
	missing       *prometheus.GaugeVec
	warnings      *prometheus.CounterVec
	estimated     *prometheus.GaugeVec
	crashed       *prometheus.CounterVec
	autoscalers   prometheus.Gauge
	misconfigured prometheus.Gauge
	requests      *prometheus.CounterVec
	models        *models
	trust         *confidence
	buffers       *buffers

	mu   sync.Mutex
	seen map[string]bool // applications of which there may be series
}

// New returns the instruments in a registry of their own.
func New(build Build) *Metrics {
	m := &Metrics{
		seen:     map[string]bool{},
		registry: prometheus.NewPedanticRegistry(),
		models:   newModels(),
		trust:    newConfidence(),
		buffers:  newBuffers(),
		ticks: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "deepscaler_tick_duration_seconds",
			Help:    "Time from the beginning of an application's tick until its plan or its failure was published, by result.",
			Buckets: []float64{.01, .03, .1, .3, 1, 3, 10, 30},
		}, []string{"result"}),
		stages: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "deepscaler_stage_duration_seconds",
			Help:    "Time a stage of a tick took: window is the queries to Prometheus and Jaeger, estimate and plan are computation.",
			Buckets: []float64{.0001, .001, .01, .03, .1, .3, 1, 3, 10, 30},
		}, []string{"stage"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deepscaler_tick_failures_total",
			Help: "Ticks that ended without a plan, by the stage that failed and the reason.",
		}, []string{"application", "stage", "reason"}),
		lastSuccess: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "deepscaler_last_successful_tick_timestamp_seconds",
			Help: "Time at which the application's last successful tick ended, in seconds since the epoch.",
		}, []string{"application"}),
		missing: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "deepscaler_window_missing_ratio",
			Help: "Share of the samples of the application's last window that are missing, from 0 to 1.",
		}, []string{"application"}),
		warnings: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deepscaler_telemetry_warnings_total",
			Help: "Problems with telemetry that did not stop a tick, by the query.",
		}, []string{"application", "source"}),
		estimated: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "deepscaler_estimated_services",
			Help: "Services of the application's last tick, by the estimator that served them; no estimator could serve those under \"none\".",
		}, []string{"application", "estimator"}),
		crashed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deepscaler_estimator_errors_total",
			Help: "Forecasts that an estimator failed to make, so the next one served; the reason is in the adapter's log.",
		}, []string{"application", "estimator"}),
		autoscalers: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "deepscaler_autoscalers",
			Help: "HorizontalPodAutoscalers that reference deepscaler_desired_replicas.",
		}),
		misconfigured: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "deepscaler_autoscalers_misconfigured",
			Help: "HorizontalPodAutoscalers that reference deepscaler_desired_replicas in a way that cannot work; see their Events.",
		}),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deepscaler_metric_requests_total",
			Help: "Answers to requests for external metrics, by HTTP status.",
		}, []string{"code"}),
	}
	m.registry.MustRegister(build)
	m.registry.MustRegister(m.own()...)
	return m
}

// own returns the instruments.
func (m *Metrics) own() []prometheus.Collector {
	return slices.Concat([]prometheus.Collector{
		m.ticks, m.stages, m.failures, m.lastSuccess, m.missing, m.warnings,
		m.estimated, m.crashed, m.autoscalers, m.misconfigured, m.requests,
	}, m.models.all(), m.trust.all(), m.buffers.all())
}

// Own returns everything that the adapter itself exports, for its documentation.
func Own() []prometheus.Collector {
	return append(New(Build{}).own(), Build{}, Predictions(nil, nil), new(Learner))
}

// Register adds a collector of the adapter's state.
func (m *Metrics) Register(c prometheus.Collector) error { return m.registry.Register(c) }

// RegisterLearner adds the metrics of a learner.
func (m *Metrics) RegisterLearner(l *Learner) error {
	m.learner = l
	return m.Register(l)
}

// Handler serves the instruments together with those of the Go runtime, the
// process, the API server and the learner.
func (m *Metrics) Handler() http.Handler {
	all := prometheus.Gatherers{m.registry, legacyregistry.DefaultGatherer}
	if m.learner != nil {
		all = append(all, m.learner)
	}
	// A compressor takes a megabyte, and Prometheus is near.
	return promhttp.HandlerFor(all, promhttp.HandlerOpts{DisableCompression: true})
}

// Ticked implements [tick.Observer].
func (m *Metrics) Ticked(_ context.Context, r tick.Result) {
	m.saw(r.Application)
	if r.Failure == nil {
		m.ticks.WithLabelValues("success").Observe(r.Took.Seconds())
		m.lastSuccess.WithLabelValues(r.Application).Set(float64(r.At.UnixMilli()) / 1000)
		return
	}
	m.ticks.WithLabelValues("failure").Observe(r.Took.Seconds())
	m.failures.WithLabelValues(r.Application, string(r.Failure.Stage), r.Failure.Reason).Inc()
}

// Answered records an answer of the external metrics API.
func (m *Metrics) Answered(code int) { m.requests.WithLabelValues(strconv.Itoa(code)).Inc() }
