package externalmetrics

import (
	"context"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/metrics/pkg/apis/external_metrics"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	"github.com/deepscaler/deepscaler/adapter/discovery"
)

// Provider answers the external metrics API from a board.
type Provider struct {
	board *Board
	// observe is called with the HTTP status of every answer.
	observe func(code int)
}

var _ provider.ExternalMetricsProvider = (*Provider)(nil)

// NewProvider returns a provider that reads board. observe, unless nil, is
// called with the HTTP status of every answer.
func NewProvider(board *Board, observe func(code int)) *Provider {
	return &Provider{board: board, observe: observe}
}

// ListAllExternalMetrics implements [provider.ExternalMetricsProvider].
func (p *Provider) ListAllExternalMetrics() []provider.ExternalMetricInfo {
	return []provider.ExternalMetricInfo{{Metric: discovery.Metric}, {Metric: discovery.CallRateMetric}, {Metric: discovery.AffinityMetric}}
}

// GetExternalMetric implements [provider.ExternalMetricsProvider]: one item per
// service of the namespace that the selector matches, with the whole number of
// replicas it needs, the time of its plan and the step as its window.
//
// Because the HPA controller sums the items, one service without a number fails
// the whole answer. Every error is a metav1.Status.
func (p *Provider) GetExternalMetric(_ context.Context, namespace string, selector labels.Selector, info provider.ExternalMetricInfo) (*external_metrics.ExternalMetricValueList, error) {
	list, err := p.board.read(namespace, selector, info.Metric)
	if p.observe != nil {
		code := http.StatusOK
		if status, ok := err.(apierrors.APIStatus); ok {
			code = int(status.Status().Code)
		}
		p.observe(code)
	}
	return list, err
}

func (b *Board) read(namespace string, selector labels.Selector, metric string) (*external_metrics.ExternalMetricValueList, error) {
	switch metric {
	case discovery.Metric:
	case discovery.CallRateMetric, discovery.AffinityMetric:
		return b.readLinks(namespace, selector, metric)
	default:
		return nil, notFound("external metric %q is not served here: DeepScaler serves %q, %q and %q",
			metric, discovery.Metric, discovery.CallRateMetric, discovery.AffinityMetric)
	}
	rows, err := b.matching(namespace, selector)
	if err != nil {
		return nil, err
	}
	list, now := &external_metrics.ExternalMetricValueList{}, moment{}
	for _, r := range rows {
		o := now.of(r)
		decision, err := b.decide(r, o)
		if err != nil {
			return nil, err
		}
		window := int64(b.step.Seconds())
		list.Items = append(list.Items, external_metrics.ExternalMetricValue{
			MetricName:    discovery.Metric,
			MetricLabels:  r.labels,
			Timestamp:     metav1.NewTime(o.Plan.Made()),
			WindowSeconds: &window,
			Value:         *resource.NewQuantity(int64(decision.Replicas), resource.DecimalSI),
		})
	}
	return list, nil
}

// matching returns the services of a namespace that selector matches, at least one.
func (b *Board) matching(namespace string, selector labels.Selector) ([]*row, error) {
	index := b.index.Load()
	if index == nil {
		return nil, errNotListed()
	}
	var rows []*row
	for _, r := range index.namespaces[namespace].candidates(selector) {
		if selector.Matches(r.labels) {
			rows = append(rows, r)
		}
	}
	if len(rows) == 0 {
		return nil, notFound("no service of namespace %q matches %q: a service is the scaleTargetRef.name of a HorizontalPodAutoscaler in that namespace with an external metric %q, and has the labels %q and %q",
			namespace, selector, discovery.Metric, discovery.ServiceLabel, discovery.ApplicationLabel)
	}
	return rows, nil
}

// candidates returns the rows that selector can match: at most one if it names
// the service, so that an autoscaler's read costs the same for any number of
// services, and otherwise all of the namespace.
func (n *namespaceRows) candidates(selector labels.Selector) []*row {
	if n == nil {
		return nil
	}
	name, exact := selector.RequiresExactMatch(discovery.ServiceLabel)
	if !exact {
		return n.ordered
	}
	if r := n.services[name]; r != nil {
		return []*row{r}
	}
	return nil
}
