package capacitybuffer

import (
	"context"
	"math"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/tick"
	"github.com/deepscaler/deepscaler/estimator"
)

// lacking returns the pods of each service that the forecast over the start time of a node
// has beyond those that exist or are planned: 0 for a service without a number or in
// shadow, whose autoscaler does not follow the plan. An error means that there is no such forecast.
func lacking(ctx context.Context, b *tick.Basis, services []discovery.Service) (map[estimator.Service]int, error) {
	ahead, err := b.Model.Ahead.Estimate(ctx, b.Window)
	if err != nil {
		return nil, err
	}
	rows := make(map[estimator.Service]int, len(ahead.Services))
	for n, s := range ahead.Services {
		rows[s] = n
	}
	lack := make(map[estimator.Service]int, len(services))
	for _, s := range services {
		lack[s.Service] = 0
		d, planned := b.Plan.Decision(s.Service)
		n, known := rows[s.Service]
		if !planned || d.Err != nil || !known || s.InShadow() {
			continue
		}
		need := ahead.Highest(n, ahead.Horizon)
		if math.IsNaN(need) {
			continue
		}
		// The served forecast sees less far, but may know more.
		pods := math.Ceil(max(need, d.Need) - b.Model.Plan.RoundingTolerance)
		have := d.Replicas
		if s.Pods != nil {
			// The autoscaler's controller counts pods a while after it created them.
			have = max(have, *s.Pods)
		}
		lack[s.Service] = max(0, int(min(pods, float64(s.Bounds.Max)))-have)
	}
	return lack, nil
}
