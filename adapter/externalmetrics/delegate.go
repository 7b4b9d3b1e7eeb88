package externalmetrics

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	"k8s.io/metrics/pkg/apis/external_metrics"
	"k8s.io/metrics/pkg/apis/external_metrics/install"
	"k8s.io/metrics/pkg/apis/external_metrics/v1beta1"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"
)

// own is the beginning of the names of the metrics that are never asked elsewhere.
const own = "deepscaler_"

// Delegate is another server of the external metrics API.
type Delegate struct {
	// URL is its base, https only.
	URL string
	// CAFile has the authorities that verify it; the system's if empty.
	CAFile string
	// TokenFile, or CertFile and KeyFile, say who asks. The token is shown to the server.
	TokenFile         string
	CertFile, KeyFile string
	Timeout           time.Duration
}

// delegating asks another server for the metrics that are not DeepScaler's.
type delegating struct {
	provider.ExternalMetricsProvider

	client rest.Interface
	scheme *runtime.Scheme
}

// Delegating returns a provider that asks another server for all metrics that are not
// DeepScaler's. Callers have been authorised for the metric before, as for any other; the
// other server sees the adapter as the caller. Discovery lists DeepScaler's own metrics
// only.
func Delegating(p provider.ExternalMetricsProvider, d Delegate) (provider.ExternalMetricsProvider, error) {
	scheme := runtime.NewScheme()
	install.Install(scheme)
	config := &rest.Config{
		Host: d.URL, APIPath: "/apis", Timeout: d.Timeout, BearerTokenFile: d.TokenFile,
		TLSClientConfig: rest.TLSClientConfig{CAFile: d.CAFile, CertFile: d.CertFile, KeyFile: d.KeyFile},
		QPS:             -1, // every caller waits for its own answer
		UserAgent:       "deepscaler-adapter",
		ContentConfig: rest.ContentConfig{
			GroupVersion:         &schema.GroupVersion{Group: external_metrics.GroupName, Version: "v1beta1"},
			NegotiatedSerializer: serializer.NewCodecFactory(scheme).WithoutConversion(),
		},
	}
	transport, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("delegate to %s: %w", d.URL, err)
	}
	transport.CheckRedirect = func(*http.Request, []*http.Request) error {
		return errors.New("it redirects, which could lead the credentials elsewhere")
	}
	client, err := rest.RESTClientForConfigAndClient(config, transport)
	if err != nil {
		return nil, fmt.Errorf("delegate to %s: %w", d.URL, err)
	}
	return &delegating{ExternalMetricsProvider: p, client: client, scheme: scheme}, nil
}

// GetExternalMetric implements [provider.ExternalMetricsProvider]. An error of the other
// server is passed on; that it cannot be reached is ServiceUnavailable, and the log has
// the reason.
func (d *delegating) GetExternalMetric(ctx context.Context, namespace string, selector labels.Selector, info provider.ExternalMetricInfo) (*external_metrics.ExternalMetricValueList, error) {
	if strings.HasPrefix(info.Metric, own) {
		return d.ExternalMetricsProvider.GetExternalMetric(ctx, namespace, selector, info)
	}
	request := d.client.Get().Namespace(namespace).Resource(info.Metric)
	if !selector.Empty() {
		request = request.Param("labelSelector", selector.String())
	}
	var answer v1beta1.ExternalMetricValueList
	if err := request.Do(ctx).Into(&answer); err != nil {
		return nil, d.failure(ctx, info.Metric, err)
	}
	list := &external_metrics.ExternalMetricValueList{}
	if err := d.scheme.Convert(&answer, list, nil); err != nil {
		return nil, d.failure(ctx, info.Metric, err)
	}
	return list, nil
}

func (d *delegating) failure(ctx context.Context, metric string, err error) error {
	status := apierrors.APIStatus(nil)
	if errors.As(err, &status) && status.Status().Code != http.StatusUnauthorized && status.Status().Code != http.StatusForbidden {
		return err
	}
	// The caller may read the metric, so its own rights are not the reason.
	klog.FromContext(ctx).Error(err, "The server that other metrics are delegated to gives no answer", "metric", metric)
	return unavailable("the server that %q is delegated to gives no answer: see the adapter's log for the reason", metric)
}
