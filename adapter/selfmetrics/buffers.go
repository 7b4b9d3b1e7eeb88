package selfmetrics

import (
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"

	"github.com/deepscaler/deepscaler/adapter/capacitybuffer"
)

// buffers are the instruments of CapacityBuffers.
type buffers struct {
	pods   *prometheus.GaugeVec
	writes *prometheus.CounterVec
}

func newBuffers() *buffers {
	return &buffers{
		pods: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "deepscaler_capacity_buffer_pods",
			Help: "Pods for which a CapacityBuffer asks for room in advance; only from the replica that writes them.",
		}, []string{"namespace", "name"}),
		writes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "deepscaler_capacity_buffer_writes_total",
			Help: "Requests that were to create, change or delete a CapacityBuffer, by result: done or failed.",
		}, []string{"result"}),
	}
}

func (b *buffers) all() []prometheus.Collector { return []prometheus.Collector{b.pods, b.writes} }

var _ capacitybuffer.Observer = (*Metrics)(nil)

// Buffered implements [capacitybuffer.Observer].
func (m *Metrics) Buffered(pods map[types.NamespacedName]int) {
	m.buffers.pods.Reset()
	for name, n := range pods {
		m.buffers.pods.WithLabelValues(name.Namespace, name.Name).Set(float64(n))
	}
}

// BufferWritten implements [capacitybuffer.Observer].
func (m *Metrics) BufferWritten(err error) {
	result := "done"
	if err != nil {
		result = "failed"
	}
	m.buffers.writes.WithLabelValues(result).Inc()
}
