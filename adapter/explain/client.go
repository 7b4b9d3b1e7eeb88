package explain

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	autoscalingv2client "k8s.io/client-go/kubernetes/typed/autoscaling/v2"
	"k8s.io/client-go/rest"
	custom "k8s.io/metrics/pkg/apis/custom_metrics/v1beta2"
	external "k8s.io/metrics/pkg/apis/external_metrics/v1beta1"

	"github.com/deepscaler/deepscaler/adapter/discovery"
)

// Client reads documents from the adapter of a cluster, through its API server and with
// the rights of its user. They come from whichever metrics API leads to the adapter.
type Client struct {
	autoscaling *autoscalingv2client.AutoscalingV2Client
	// custom is true once the custom metrics API has answered.
	custom atomic.Bool
}

// NewClient returns a client. It connects with the first request.
func NewClient(c *rest.Config) (*Client, error) {
	autoscaling, err := autoscalingv2client.NewForConfig(c)
	if err != nil {
		return nil, fmt.Errorf("create a Kubernetes client: %w", err)
	}
	return &Client{autoscaling: autoscaling}, nil
}

// Query selects services of one namespace.
type Query struct {
	Namespace string
	// Service is the name of one; empty for all.
	Service string
	// Full adds inputs, forecasts and neighbours.
	Full bool
}

// errElsewhere is the error of an API that another program serves, or nobody.
var errElsewhere = errors.New("DeepScaler is not there")

// Describe returns what the adapter has about services.
func (c *Client) Describe(ctx context.Context, q Query) (*Document, error) {
	ways := []func(context.Context, Query) (*Document, error){c.external, c.customMetrics}
	customFirst := c.custom.Load()
	if customFirst {
		slices.Reverse(ways)
	}
	var errs []error
	for i, describe := range ways {
		d, err := describe(ctx, q)
		if err == nil {
			c.custom.Store((i == 1) != customFirst)
			return d, nil
		}
		errs = append(errs, err)
	}
	// What DeepScaler answers is to the point.
	theirs := func(err error) bool { return errors.Is(err, errElsewhere) }
	if ours := slices.DeleteFunc(slices.Clone(errs), theirs); len(ours) > 0 {
		errs = ours
	} else {
		errs = append(errs, errors.New("see docs/beside-others.md for clusters in which others have both APIs"))
	}
	return nil, fmt.Errorf("ask the adapter about namespace %s: %w", q.Namespace, errors.Join(errs...))
}

// external asks the external metrics API.
func (c *Client) external(ctx context.Context, q Query) (*Document, error) {
	request := c.autoscaling.RESTClient().Get().
		AbsPath("/apis", external.GroupName, "v1beta1", "namespaces", q.Namespace, discovery.Metric)
	if q.Service != "" {
		request.Param("labelSelector", labels.Set{discovery.ServiceLabel: q.Service}.String())
	}
	return read(ctx, request, q.Full, external.SchemeGroupVersion)
}

// customMetrics asks the custom metrics API, which is DeepScaler's where KEDA has the other.
func (c *Client) customMetrics(ctx context.Context, q Query) (*Document, error) {
	request := c.autoscaling.RESTClient().Get().
		AbsPath("/apis", custom.GroupName, "v1beta2", "namespaces", q.Namespace, everything, cmp.Or(q.Service, everything), discovery.Metric)
	return read(ctx, request, q.Full, custom.SchemeGroupVersion)
}

// read returns the document that answers a request to an API.
func read(ctx context.Context, request *rest.Request, wantsFull bool, api schema.GroupVersion) (*Document, error) {
	if wantsFull {
		request.Param(parameter, full)
	} else {
		request.Param(parameter, brief)
	}
	body, err := request.Do(ctx).Raw()
	var kind metav1.TypeMeta
	isJSON := json.Unmarshal(body, &kind) == nil
	switch {
	case err != nil && !isJSON && apierrors.IsNotFound(err):
		return nil, fmt.Errorf("%s is not registered: %w", api.Group, errElsewhere)
	case err != nil:
		err = stated(body, err)
		return nil, fmt.Errorf("%s: %w%s", api.Group, err, hint(err, api))
	case !isJSON:
		return nil, fmt.Errorf("%s: the answer is no JSON: %.60q", api.Group, body)
	case kind.Kind != "":
		// Others ignore the parameter and answer with a list.
		return nil, fmt.Errorf("%s is of a program without explanations, which answers with %s: %w, or it is of another version than this command",
			api.Group, kind.Kind, errElsewhere)
	}
	d := new(Document)
	if err := json.Unmarshal(body, d); err != nil {
		return nil, fmt.Errorf("%s: read the answer: %w", api.Group, err)
	}
	return d, nil
}

// stated returns the error that the body of an answer states, which the client library
// leaves to its readers, or else err.
func stated(body []byte, err error) error {
	var s metav1.Status
	if json.Unmarshal(body, &s) != nil || s.Kind != "Status" || s.Message == "" {
		return err
	}
	return &apierrors.StatusError{ErrStatus: s}
}

// hint returns what to do about an error, or nothing.
func hint(err error, api schema.GroupVersion) string {
	switch {
	case apierrors.IsForbidden(err):
		return "\nwho may view a namespace may read its predictions: bind the role view or deepscaler-metric-reader"
	case apierrors.IsServiceUnavailable(err):
		return "\nsee kubectl get apiservice " + api.Version + "." + api.Group
	}
	return ""
}

// Namespaces returns those with an autoscaler that references the metric, in order.
func (c *Client) Namespaces(ctx context.Context) ([]string, error) {
	list, err := c.autoscaling.HorizontalPodAutoscalers(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list the horizontalpodautoscalers of all namespaces: %w", err)
	}
	var found []string
	for i := range list.Items {
		if len(discovery.References(&list.Items[i])) > 0 {
			found = append(found, list.Items[i].Namespace)
		}
	}
	if len(found) == 0 {
		return nil, errors.New("no HorizontalPodAutoscaler of the cluster references " + discovery.Metric)
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}
