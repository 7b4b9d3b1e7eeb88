package knowledge

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	external "k8s.io/metrics/pkg/apis/external_metrics/v1beta1"
)

// Reader reads all items of one external metric in a namespace.
type Reader interface {
	Read(ctx context.Context, namespace, metric string) ([]external.ExternalMetricValue, error)
}

// Client reads with the credentials of its configuration.
type Client struct{ rest rest.Interface }

const requestTimeout = 5 * time.Second

// NewClient returns a client of the server that a configuration names: the API server,
// or an adapter. It connects with the first request.
func NewClient(config *rest.Config) (*Client, error) {
	config = rest.CopyConfig(config)
	config.ContentConfig = rest.ContentConfig{NegotiatedSerializer: scheme.Codecs.WithoutConversion(), AcceptContentTypes: "application/json"}
	// There are few requests, and those of scheduling have their own limit.
	config.QPS = -1
	config.Timeout = requestTimeout
	r, err := rest.UnversionedRESTClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("make a client for the adapter's metrics: %w", err)
	}
	return &Client{r}, nil
}

// Read implements [Reader]. A metric that no service of the namespace has is no error.
func (c *Client) Read(ctx context.Context, namespace, metric string) ([]external.ExternalMetricValue, error) {
	raw, err := c.rest.Get().AbsPath("/apis/external.metrics.k8s.io/v1beta1/namespaces", namespace, metric).DoRaw(ctx)
	if apierrors.IsNotFound(err) {
		// No service of the namespace has the metric.
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s of namespace %s: %w", metric, namespace, err)
	}
	var list external.ExternalMetricValueList
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("read %s of namespace %s: %w", metric, namespace, err)
	}
	return list.Items, nil
}
