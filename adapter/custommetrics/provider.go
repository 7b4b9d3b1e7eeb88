// Package custommetrics answers the custom metrics API from the board. The metric is that of
// the object which the autoscaler scales, so it needs no selector. It is for clusters where
// another server has the external metrics API.
package custommetrics

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/metrics/pkg/apis/custom_metrics"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/externalmetrics"
)

// Board has the current numbers. Its errors are of kind metav1.Status.
type Board interface {
	Applications() []discovery.Application
	Service(namespace, name string) (externalmetrics.Reading, error)
	Readings(namespace string, selector labels.Selector) ([]externalmetrics.Reading, error)
	Step() time.Duration
}

// Provider answers the custom metrics API from a board.
type Provider struct {
	board Board
	// observe is called with the HTTP status of every answer.
	observe func(code int)
}

var _ provider.CustomMetricsProvider = (*Provider)(nil)

// NewProvider returns a provider that reads board. observe, unless nil, is
// called with the HTTP status of every answer.
func NewProvider(board Board, observe func(code int)) *Provider {
	return &Provider{board: board, observe: observe}
}

// deployments are listed even while there is no autoscaler: clients take an API
// without resources for a broken one.
var deployments = schema.GroupResource{Group: "apps", Resource: "deployments"}

// ListAllMetrics implements [provider.CustomMetricsProvider]: the metric for every kind
// of scale target.
func (p *Provider) ListAllMetrics() []provider.CustomMetricInfo {
	kinds := []schema.GroupResource{deployments}
	for _, a := range p.board.Applications() {
		for _, s := range a.Services {
			if r := s.Resource(); !slices.Contains(kinds, r) {
				kinds = append(kinds, r)
			}
		}
	}
	slices.SortFunc(kinds, func(a, b schema.GroupResource) int { return cmp.Compare(a.String(), b.String()) })
	infos := make([]provider.CustomMetricInfo, len(kinds))
	for i, r := range kinds {
		infos[i] = provider.CustomMetricInfo{GroupResource: r, Namespaced: true, Metric: discovery.Metric}
	}
	return infos
}

// GetMetricByName implements [provider.CustomMetricsProvider]: the whole number of
// replicas that the scale target of an autoscaler needs, with the time of its plan and
// the step as its window. Every error is a metav1.Status.
func (p *Provider) GetMetricByName(_ context.Context, name types.NamespacedName, info provider.CustomMetricInfo, selector labels.Selector) (*custom_metrics.MetricValue, error) {
	value, err := p.read(name, info, selector)
	p.answered(err)
	return value, err
}

func (p *Provider) read(name types.NamespacedName, info provider.CustomMetricInfo, selector labels.Selector) (*custom_metrics.MetricValue, error) {
	if err := served(info); err != nil {
		return nil, err
	}
	r, err := p.board.Service(name.Namespace, name.Name)
	switch {
	case err != nil:
		return nil, err
	case r.Service.Resource() != info.GroupResource:
		return nil, failure(http.StatusNotFound, metav1.StatusReasonNotFound,
			"the autoscaler of %q scales %s, not %s: describe the object that it scales", name, r.Service.Resource(), info.GroupResource)
	case !selector.Matches(r.Service.Labels()):
		return nil, failure(http.StatusNotFound, metav1.StatusReasonNotFound,
			"the metric of %q does not match %q: its labels are %q; an Object metric needs no selector", name, selector, r.Service.Labels())
	}
	value := p.value(r)
	return &value, nil
}

// GetMetricBySelector implements [provider.CustomMetricsProvider]: the numbers of all
// scale targets of one kind, or the error of the first without one. The labels of the objects are not known here, so only a
// selector that matches everything is possible; no autoscaler asks with another one.
func (p *Provider) GetMetricBySelector(_ context.Context, namespace string, selector labels.Selector, info provider.CustomMetricInfo, metric labels.Selector) (*custom_metrics.MetricValueList, error) {
	list, err := p.list(namespace, selector, info, metric)
	p.answered(err)
	return list, err
}

func (p *Provider) list(namespace string, selector labels.Selector, info provider.CustomMetricInfo, metric labels.Selector) (*custom_metrics.MetricValueList, error) {
	if err := served(info); err != nil {
		return nil, err
	}
	if !selector.Empty() {
		return nil, failure(http.StatusBadRequest, metav1.StatusReasonBadRequest,
			"objects cannot be selected by their labels (%q): ask for one by its name, or for * without a labelSelector", selector)
	}
	readings, err := p.board.Readings(namespace, metric)
	if err != nil {
		return nil, err
	}
	list := &custom_metrics.MetricValueList{}
	for _, r := range readings {
		switch {
		case r.Service.Resource() != info.GroupResource:
		case r.Err != nil:
			return nil, r.Err
		default:
			list.Items = append(list.Items, p.value(r))
		}
	}
	return list, nil
}

func served(info provider.CustomMetricInfo) error {
	if info.Metric == discovery.Metric && info.Namespaced {
		return nil
	}
	return failure(http.StatusNotFound, metav1.StatusReasonNotFound, "custom metric %q is not served here: DeepScaler serves %q of the scale targets of HorizontalPodAutoscalers",
		info, discovery.Metric)
}

func (p *Provider) value(r externalmetrics.Reading) custom_metrics.MetricValue {
	window := int64(p.board.Step().Seconds())
	return custom_metrics.MetricValue{
		DescribedObject: custom_metrics.ObjectReference{
			APIVersion: r.Service.Target.APIVersion, Kind: r.Service.Target.Kind, Namespace: r.Service.Namespace, Name: r.Service.Name,
		},
		Metric:        custom_metrics.MetricIdentifier{Name: discovery.Metric},
		Timestamp:     metav1.NewTime(r.Outcome.Plan.Made()),
		WindowSeconds: &window,
		Value:         *resource.NewQuantity(int64(r.Decision.Replicas), resource.DecimalSI),
	}
}

func (p *Provider) answered(err error) {
	if p.observe == nil {
		return
	}
	code := http.StatusOK
	if status := apierrors.APIStatus(nil); errors.As(err, &status) {
		code = int(status.Status().Code)
	}
	p.observe(code)
}

func failure(code int32, reason metav1.StatusReason, format string, args ...any) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: code, Reason: reason, Message: fmt.Sprintf(format, args...),
	}}
}
