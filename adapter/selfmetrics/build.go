package selfmetrics

import (
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
)

// Build identifies the build of the adapter.
type Build struct {
	Version, Revision string
}

var _ prometheus.Collector = Build{}

func (b Build) desc() *prometheus.Desc {
	return prometheus.NewDesc("deepscaler_build_info", "Always 1; the labels version, revision and goversion identify the build.", nil,
		prometheus.Labels{"version": b.Version, "revision": b.Revision, "goversion": runtime.Version()})
}

// Describe implements [prometheus.Collector].
func (b Build) Describe(ch chan<- *prometheus.Desc) { ch <- b.desc() }

// Collect implements [prometheus.Collector].
func (b Build) Collect(ch chan<- prometheus.Metric) {
	ch <- prometheus.MustNewConstMetric(b.desc(), prometheus.GaugeValue, 1)
}
