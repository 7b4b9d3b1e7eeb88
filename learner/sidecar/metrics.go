package sidecar

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/deepscaler/deepscaler/estimator/exchange"
)

// Metrics are the instruments of the learner. They are safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry

	applications                         prometheus.Gauge
	have, missing, due, ratio, took      *prometheus.GaugeVec
	looks, trainings, refusals           *prometheus.CounterVec
	loss, shortage, cost, failing, state *prometheus.GaugeVec
}

// NewMetrics returns the instruments in a registry of their own.
func NewMetrics() *Metrics {
	gauge := func(name, help string, more ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, append([]string{"application"}, more...))
	}
	counter := func(name, help string, more ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, append([]string{"application"}, more...))
	}
	m := &Metrics{
		registry: prometheus.NewPedanticRegistry(),
		applications: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "deepscaler_learner_applications",
			Help: "Applications that this learner learns; 0 where another pod's adapter holds the Lease.",
		}),
		have:    gauge("deepscaler_learner_history_seconds", "History of the application that Prometheus has, as far back as training looks."),
		missing: gauge("deepscaler_learner_history_missing_seconds", "History that training still lacks; 0 when there is enough."),
		due:     gauge("deepscaler_learner_next_look_timestamp_seconds", "When the learner looks at the application again, in seconds since the epoch."),
		state:   gauge("deepscaler_learner_state", "Always 1; what the learner does with the application: queued, waiting, training, resting or failed.", "state"),
		ratio:   gauge("deepscaler_learner_progress_ratio", "Finished part of the training that runs, from 0 to 1; absent when none does."),
		took:    gauge("deepscaler_learner_look_duration_seconds", "Time that the last look took, from reading the history to the hand-over."),
		failing: gauge("deepscaler_learner_failing", "1 while looks at the application fail, else 0; the reason is in the learner's log."),
		looks: counter("deepscaler_learner_looks_total",
			"Looks at the application, by result: published, kept back, not needed, waiting, failed, training failed or timeout.", "result"),
		trainings: counter("deepscaler_learner_trainings_total",
			"Trainings of the application, by reason: no model, misfit, services, accuracy or age.", "reason"),
		refusals: counter("deepscaler_learner_refusals_total", "Models that passed the gate but that the adapter refused; the reason is in the log."),
		loss:     gauge("deepscaler_learner_loss_replicas", "Loss on held-back history at the chosen quantile, by what was judged: child, serving or queueing.", "estimator"),
		shortage: gauge("deepscaler_learner_shortage_replicas", "Mean replicas too few on held-back history, by what was judged.", "estimator"),
		cost:     gauge("deepscaler_learner_cost_replicas", "Mean replicas too many on held-back history, by what was judged.", "estimator"),
	}
	m.registry.MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{Namespace: strings.TrimSuffix(exchange.MetricPrefix, "_")}))
	m.registry.MustRegister(m.Own()...)
	return m
}

// Own returns the instruments of the learner itself, without those of the process.
func (m *Metrics) Own() []prometheus.Collector {
	own := []prometheus.Collector{m.applications}
	for _, v := range m.gauges() {
		own = append(own, v)
	}
	return append(own, m.looks, m.trainings, m.refusals)
}

func (m *Metrics) gauges() []*prometheus.GaugeVec {
	return []*prometheus.GaugeVec{m.have, m.missing, m.due, m.state, m.ratio, m.took, m.failing, m.loss, m.shortage, m.cost}
}

// write replaces a file by the instruments together with those of the process.
func (m *Metrics) write(path string) error { return prometheus.WriteToTextfile(path, m.registry) }

func (m *Metrics) ticked(applications int) { m.applications.Set(float64(applications)) }

func (m *Metrics) history(application string, have, missing time.Duration) {
	m.have.WithLabelValues(application).Set(have.Seconds())
	m.missing.WithLabelValues(application).Set(missing.Seconds())
}

func (m *Metrics) began(application string, r Reason) {
	m.trainings.WithLabelValues(application, string(r)).Inc()
}

func (m *Metrics) advanced(application string, ratio float64) {
	m.ratio.WithLabelValues(application).Set(ratio)
}

func (m *Metrics) judged(application, estimator string, f exchange.Figures) {
	m.loss.WithLabelValues(application, estimator).Set(f.Loss)
	m.shortage.WithLabelValues(application, estimator).Set(f.Shortage)
	m.cost.WithLabelValues(application, estimator).Set(f.Cost)
}

func (m *Metrics) looked(application string, o outcome, took time.Duration) {
	m.ratio.DeleteLabelValues(application)
	m.looks.WithLabelValues(application, string(o.result)).Inc()
	m.took.WithLabelValues(application).Set(took.Seconds())
	failing := 0.0
	if o.err != nil {
		failing = 1
	}
	m.failing.WithLabelValues(application).Set(failing)
}

func (m *Metrics) refused(application string) { m.refusals.WithLabelValues(application).Inc() }

// stands exports the state of an application.
func (m *Metrics) stands(p exchange.Progress) {
	of := prometheus.Labels{"application": p.Name}
	m.state.DeletePartialMatch(of)
	m.state.WithLabelValues(p.Name, string(p.State)).Set(1)
	if p.Next.IsZero() {
		m.due.DeletePartialMatch(of)
		return
	}
	m.due.WithLabelValues(p.Name).Set(float64(p.Next.Unix()))
}

// forget drops the gauges of an application that is not listed any more; counters stay.
func (m *Metrics) forget(application string) {
	for _, v := range m.gauges() {
		v.DeletePartialMatch(prometheus.Labels{"application": application})
	}
}
