package selfmetrics

import (
	"math"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/utils/clock"

	"github.com/deepscaler/deepscaler/adapter/externalmetrics"
)

// predictions reads the board at the time of the scrape. A number that the
// external metrics API would not serve is absent here too, never 0 and never
// old.
type predictions struct {
	board    *externalmetrics.Board
	clock    clock.PassiveClock
	replicas *prometheus.Desc
	shadow   *prometheus.Desc
	need     *prometheus.Desc
	source   *prometheus.Desc
	age      *prometheus.Desc
}

// Predictions returns a collector of the plans on board.
func Predictions(board *externalmetrics.Board, c clock.PassiveClock) prometheus.Collector {
	service := []string{"namespace", "application", "service"}
	return &predictions{
		board: board,
		clock: c,
		replicas: prometheus.NewDesc("deepscaler_desired_replicas",
			"Replicas the service should have, as served by the external metrics API; absent while unknown.", service, nil),
		shadow: prometheus.NewDesc("deepscaler_shadow_replicas",
			"Replicas that are planned for a service in shadow mode, in which the external metrics API serves the present number; absent otherwise.", service, nil),
		need: prometheus.NewDesc("deepscaler_needed_replicas",
			"Replicas the service needs according to the forecast, before rounding and the bounds of its autoscaler; absent while unknown.", service, nil),
		source: prometheus.NewDesc("deepscaler_forecast_info",
			"Always 1; the labels name the estimator of the service's forecast, and its trained model, if any; absent while unknown.",
			append(service, "estimator", "model"), nil),
		age: prometheus.NewDesc("deepscaler_plan_age_seconds",
			"Age of the application's latest plan, which is served up to two steps; absent before the first.", []string{"application"}, nil),
	}
}

// Describe implements [prometheus.Collector].
func (p *predictions) Describe(ch chan<- *prometheus.Desc) {
	ch <- p.replicas
	ch <- p.shadow
	ch <- p.need
	ch <- p.source
	ch <- p.age
}

// Collect implements [prometheus.Collector].
func (p *predictions) Collect(ch chan<- prometheus.Metric) {
	for s, d := range p.board.Current() {
		ch <- prometheus.MustNewConstMetric(p.replicas, prometheus.GaugeValue, float64(d.Replicas), s.Namespace, s.Application, s.Name)
		if d.Shadow != nil {
			ch <- prometheus.MustNewConstMetric(p.shadow, prometheus.GaugeValue, float64(*d.Shadow), s.Namespace, s.Application, s.Name)
		}
		if !math.IsNaN(d.Need) {
			ch <- prometheus.MustNewConstMetric(p.need, prometheus.GaugeValue, d.Need, s.Namespace, s.Application, s.Name)
		}
		if d.Source.Estimator != "" {
			ch <- prometheus.MustNewConstMetric(p.source, prometheus.GaugeValue, 1, s.Namespace, s.Application, s.Name, d.Source.Estimator, d.Source.Model)
		}
	}
	for application, o := range p.board.Latest() {
		if o != nil && o.Plan != nil {
			ch <- prometheus.MustNewConstMetric(p.age, prometheus.GaugeValue, p.clock.Since(o.At).Seconds(), application)
		}
	}
}
