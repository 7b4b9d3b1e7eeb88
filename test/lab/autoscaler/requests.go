package autoscaler

import (
	"maps"
	"math"
	"slices"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/deepscaler/deepscaler/test/lab/hpa"
	"github.com/deepscaler/deepscaler/test/lab/loop"
	"github.com/deepscaler/deepscaler/test/lab/need"
)

// capacities returns the requests per second of a replica of each service at its
// limit, as from a load test with the initial mix.
func capacities(c *loop.Config) ([]float64, error) {
	w, err := need.Expect(c.Application, c.Load.Weights)
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(w.Busy))
	for i := range out {
		out[i] = w.Visits[i] / w.Busy[i] // NaN for services without calls
	}
	return out, nil
}

// newRequests returns the stock HPA on requests per second per pod, through a Prometheus
// adapter with the usual rate over two minutes. The target is a share of what a replica
// can handle.
func newRequests(share float64, s Surroundings) (loop.Autoscaler, error) {
	capacity, err := capacities(s.Config)
	if err != nil {
		return nil, err
	}
	perService := make(each, len(capacity))
	for i, most := range capacity {
		target := quantity(share * most)
		least := int32(s.Config.Bounds.Min)
		perService[i] = &stock{
			controller: hpa.Defaults(),
			spec: hpa.Complete(&autoscalingv2.HorizontalPodAutoscalerSpec{
				MinReplicas: &least, MaxReplicas: int32(s.Config.Bounds.Max),
				Metrics: []autoscalingv2.MetricSpec{{
					Type: autoscalingv2.PodsMetricSourceType,
					Pods: &autoscalingv2.PodsMetricSource{
						Metric: autoscalingv2.MetricIdentifier{Name: "requests_per_second"},
						Target: autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: &target},
					},
				}},
			}),
			read: func(c *loop.Cluster, service int, pods []loop.Pod) []hpa.Reading {
				rates := c.Rates(service, rateWindow)
				samples := make([]hpa.Sample, len(pods))
				for j, p := range pods {
					samples[j] = hpa.Sample{Value: math.NaN()}
					if v, known := rates[p.Name]; known {
						samples[j] = hpa.Sample{Value: v, At: c.Time(), Window: rateWindow}
					}
				}
				return []hpa.Reading{{Pods: samples}}
			},
		}
	}
	return perService, nil
}

// newKEDA returns what a ScaledObject with KEDA's Prometheus scaler makes: an HPA on an
// external metric, the requests per second of the whole service over two minutes, with a
// threshold per replica.
func newKEDA(share float64, s Surroundings) (loop.Autoscaler, error) {
	capacity, err := capacities(s.Config)
	if err != nil {
		return nil, err
	}
	perService := make(each, len(capacity))
	for i, most := range capacity {
		spec := external(s.Config.Bounds, quantity(share*most), unheld)
		spec.Behavior = nil
		perService[i] = &stock{
			controller: hpa.Defaults(), spec: spec,
			read: func(c *loop.Cluster, service int, _ []loop.Pod) []hpa.Reading {
				rates := c.Rates(service, rateWindow)
				sum := 0.0
				for _, name := range slices.Sorted(maps.Keys(rates)) {
					sum += rates[name]
				}
				return []hpa.Reading{{Value: sum}}
			},
		}
	}
	return perService, nil
}

// rateWindow is that of the queries in the examples of KEDA and of the Prometheus adapter.
const rateWindow = 2 * time.Minute

// quantity writes a target in milli-units. A service without calls gets an
// unreachable one.
func quantity(v float64) resource.Quantity {
	if !(v > 0) || math.IsInf(v, 0) {
		v = 1e6
	}
	return *resource.NewMilliQuantity(int64(math.Ceil(1000*v)), resource.DecimalSI)
}

// each is an HPA with a target of its own for every service.
type each []*stock

// Tick implements [loop.Autoscaler].
func (each) Tick(*loop.Cluster) error { return nil }

// Sync implements [loop.Autoscaler].
func (e each) Sync(c *loop.Cluster, replicas []int) error {
	for i, s := range e {
		replicas[i] = s.decide(c, i, replicas[i])
	}
	return nil
}
