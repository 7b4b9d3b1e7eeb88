package externalmetrics

import (
	"math"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/metrics/pkg/apis/external_metrics"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/estimator/plan"
)

// readLinks answers for the metrics about pairs of services: the edges of fresh plans that
// end in the namespace and that selector matches. No edge is an empty list, no error.
func (b *Board) readLinks(namespace string, selector labels.Selector, metric string) (*external_metrics.ExternalMetricValueList, error) {
	i := b.index.Load()
	if i == nil {
		return nil, unavailable("the horizontalpodautoscalers are not listed yet: if this lasts, see the adapter's log and whether it may list and watch them")
	}
	window := int64(b.step.Seconds())
	list := &external_metrics.ExternalMetricValueList{}
	for _, a := range i.assigned {
		o := i.applications[a.Name].Load()
		if o == nil || o.Plan == nil || !b.fresh(o.At) {
			continue
		}
		for _, l := range linksOf(o.Plan, metric) {
			set := labels.Set{
				discovery.SourceLabel: l.Source.String(), discovery.DestinationLabel: l.Destination.String(),
				discovery.ApplicationLabel: a.Name,
			}
			if l.Destination.Namespace != namespace || selector != nil && !selector.Matches(set) {
				continue
			}
			list.Items = append(list.Items, external_metrics.ExternalMetricValue{
				MetricName: metric, MetricLabels: set,
				Timestamp: metav1.NewTime(o.Plan.Made()), WindowSeconds: &window,
				Value: *resource.NewMilliQuantity(int64(math.Round(l.Value*1000)), resource.DecimalSI),
			})
		}
	}
	return list, nil
}

func linksOf(p *plan.Plan, metric string) []plan.Link {
	if metric == discovery.CallRateMetric {
		return p.Links().Expected
	}
	return p.Links().Affinity
}
