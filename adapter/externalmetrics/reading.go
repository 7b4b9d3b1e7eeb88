package externalmetrics

import (
	"fmt"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/estimator/plan"
)

// Reading is everything that the board has about one service.
type Reading struct {
	Service discovery.Service
	// Outcome is that of its application, nil before the first tick has ended.
	Outcome *Outcome
	// Decision is the one that the metric serves, unless Err is set: the API error that
	// it serves instead. It is one of Outcome.Plan.
	Decision plan.Decision
	Err      error
}

// Readings returns the services of a namespace that selector matches, ordered by name;
// the error is one of the API. All services of an application are read from one plan.
func (b *Board) Readings(namespace string, selector labels.Selector) ([]Reading, error) {
	rows, err := b.matching(namespace, selector)
	if err != nil {
		return nil, err
	}
	readings, now := make([]Reading, len(rows)), moment{}
	for i, r := range rows {
		readings[i] = b.reading(r, now.of(r))
	}
	return readings, nil
}

// Service returns the service of that name. Its error is one of the API: a service that
// no autoscaler scales is NotFound, and without a number it is the error of the reading.
func (b *Board) Service(namespace, name string) (Reading, error) {
	return b.find(namespace, fmt.Sprintf("no HorizontalPodAutoscaler of namespace %q scales %q by the metric %q", namespace, name, discovery.Metric),
		func(n *namespaceRows) *row { return n.services[name] })
}

// ScaledObject returns the service that KEDA scales by the ScaledObject of that name.
// Its errors are those of [Board.Service].
func (b *Board) ScaledObject(namespace, name string) (Reading, error) {
	return b.find(namespace, fmt.Sprintf("no HorizontalPodAutoscaler of ScaledObject %q is known in namespace %q: KEDA makes it, with the metric s0-%s",
		name, namespace, discovery.Metric), func(n *namespaceRows) *row { return n.scaledObjects[name] })
}

func (b *Board) find(namespace, unknown string, find func(*namespaceRows) *row) (Reading, error) {
	index := b.index.Load()
	if index == nil {
		return Reading{}, errNotListed()
	}
	if n := index.namespaces[namespace]; n != nil {
		if row := find(n); row != nil {
			r := b.reading(row, row.latest.Load())
			return r, r.Err
		}
	}
	return Reading{}, notFound("%s", unknown)
}

func (b *Board) reading(r *row, o *Outcome) Reading {
	d, err := b.decide(r, o)
	return Reading{Service: r.service, Outcome: o, Decision: d, Err: err}
}

func errNotListed() error {
	return unavailable("the horizontalpodautoscalers are not listed yet: if this lasts, see the adapter's log and whether it may list and watch them")
}

// unavailable returns a metav1.Status error: any other kind reaches the reader
// as an opaque internal error.
func unavailable(format string, args ...any) error {
	return apierrors.NewServiceUnavailable(fmt.Sprintf(format, args...))
}

func notFound(format string, args ...any) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status:  metav1.StatusFailure,
		Code:    http.StatusNotFound,
		Reason:  metav1.StatusReasonNotFound,
		Message: fmt.Sprintf(format, args...),
	}}
}
