package explain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	autoscalingv2client "k8s.io/client-go/kubernetes/typed/autoscaling/v2"
	"k8s.io/client-go/rest"

	"github.com/deepscaler/deepscaler/adapter/discovery"
)

// Client reads documents from the adapter of a cluster, through its API server and with
// the rights of its user.
type Client struct {
	autoscaling *autoscalingv2client.AutoscalingV2Client
}

// NewClient returns a client. It connects with the first request.
func NewClient(c *rest.Config) (*Client, error) {
	autoscaling, err := autoscalingv2client.NewForConfig(c)
	if err != nil {
		return nil, fmt.Errorf("create a Kubernetes client: %w", err)
	}
	return &Client{autoscaling}, nil
}

// Query selects services of one namespace.
type Query struct {
	Namespace string
	// Service is the name of one; empty for all.
	Service string
	// Full adds inputs, forecasts and neighbours.
	Full bool
}

// Describe returns what the adapter has about services.
func (c *Client) Describe(ctx context.Context, q Query) (*Document, error) {
	request := c.autoscaling.RESTClient().Get().
		AbsPath("/apis/external.metrics.k8s.io/v1beta1/namespaces", q.Namespace, discovery.Metric)
	if q.Full {
		request.Param(parameter, full)
	} else {
		request.Param(parameter, brief)
	}
	if q.Service != "" {
		request.Param("labelSelector", labels.Set{discovery.ServiceLabel: q.Service}.String())
	}
	body, err := request.Do(ctx).Raw()
	if err != nil {
		err = stated(body, err)
		return nil, fmt.Errorf("ask the adapter about namespace %s: %w%s", q.Namespace, err, hint(err))
	}
	// Others that serve external metrics ignore the parameter and answer with a list.
	var kind metav1.TypeMeta
	if err := json.Unmarshal(body, &kind); err != nil {
		return nil, fmt.Errorf("the answer about namespace %s is no JSON: %w", q.Namespace, err)
	}
	if kind.Kind != "" {
		return nil, fmt.Errorf("the external metrics of this cluster come from a program without explanations (it answered with %s): is it DeepScaler, in the version of this command?", kind.Kind)
	}
	d := new(Document)
	if err := json.Unmarshal(body, d); err != nil {
		return nil, fmt.Errorf("read the answer about namespace %s: %w", q.Namespace, err)
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
func hint(err error) string {
	switch {
	case apierrors.IsForbidden(err):
		return "\nwho may view a namespace may read its predictions: bind the role view or deepscaler-metric-reader"
	case apierrors.IsServiceUnavailable(err):
		return "\nsee kubectl get apiservice v1beta1.external.metrics.k8s.io"
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
