package placement

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

// reader reads all items of one external metric in a namespace.
type reader interface {
	read(ctx context.Context, namespace, metric string) ([]external.ExternalMetricValue, error)
}

// client reads with the scheduler's own credentials.
type client struct{ rest rest.Interface }

const requestTimeout = 5 * time.Second

func newClient(config *rest.Config, args Args) (*client, error) {
	config = rest.CopyConfig(config)
	config.ContentConfig = rest.ContentConfig{NegotiatedSerializer: scheme.Codecs.WithoutConversion(), AcceptContentTypes: "application/json"}
	// There are few requests, and those of scheduling have their own limit.
	config.QPS = -1
	config.Timeout = requestTimeout
	if args.Adapter != "" {
		config.Host, config.APIPath = args.Adapter, ""
		config.TLSClientConfig = rest.TLSClientConfig{CAFile: args.CAFile, CertFile: config.CertFile, KeyFile: config.KeyFile, CertData: config.CertData, KeyData: config.KeyData}
	}
	r, err := rest.UnversionedRESTClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("make a client for the adapter's metrics: %w", err)
	}
	return &client{r}, nil
}

func (c *client) read(ctx context.Context, namespace, metric string) ([]external.ExternalMetricValue, error) {
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
