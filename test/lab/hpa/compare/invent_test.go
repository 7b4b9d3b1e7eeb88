package compare

import (
	"math"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"github.com/deepscaler/deepscaler/test/lab/hpa"
)

// invent makes up the reading of a metric: around the target, far from it, none at all.
func (p *puppet) invent(m autoscalingv2.MetricSpec, d *decision) hpa.Reading {
	r := p.random
	if r.IntN(3) == 0 {
		p.ratio = []float64{1, 1.1, 0.9, 0.95, 0, 0.3 + 0.6*r.Float64(), 1 + r.Float64(), 1 + 3*r.Float64()}[r.IntN(8)]
	}
	ratio := p.ratio
	fine := func(v float64) float64 { return math.Round(v*1000) / 1000 }
	if m.Type == autoscalingv2.ExternalMetricSourceType {
		if r.IntN(20) == 0 {
			return hpa.Reading{Value: math.NaN()}
		}
		if q := m.External.Target.AverageValue; q != nil {
			return hpa.Reading{Value: fine(ratio * q.AsApproximateFloat64() * float64(max(1, d.seen.StatusReplicas)))}
		}
		return hpa.Reading{Value: fine(ratio * m.External.Target.Value.AsApproximateFloat64())}
	}
	var each float64
	switch {
	case m.Type == autoscalingv2.PodsMetricSourceType:
		each = m.Pods.Target.AverageValue.AsApproximateFloat64()
	case m.Resource.Target.AverageValue != nil:
		each = m.Resource.Target.AverageValue.AsApproximateFloat64()
	default:
		each = request * float64(*m.Resource.Target.AverageUtilization) / 100
	}
	reading := hpa.Reading{}
	gaps := []int{2, 8, 1000, 1000}[r.IntN(4)] // one in so many has no sample
	for range d.seen.Pods {
		s := hpa.Sample{Value: fine(each * ratio * (0.9 + 0.2*r.Float64())), At: d.at.Truncate(time.Second), Window: 5 * time.Second}
		if r.IntN(gaps) == 0 {
			s.Value = math.NaN()
		}
		reading.Pods = append(reading.Pods, s)
	}
	return reading
}
