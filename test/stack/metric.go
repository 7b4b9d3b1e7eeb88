package stack

import (
	"context"
	"encoding/json"
	"fmt"

	"k8s.io/client-go/rest"
	"k8s.io/metrics/pkg/apis/external_metrics/v1beta1"
)

// MetricName is the external metric that DeepScaler publishes.
const MetricName = "deepscaler_desired_replicas"

const (
	externalMetrics = "/apis/external.metrics.k8s.io/v1beta1"
	customMetrics   = "/apis/custom.metrics.k8s.io/v1beta2"
)

// DesiredReplicas reads the metric of one service, or of all services of the
// namespace when service is empty, as kubectl get --raw would.
func DesiredReplicas(ctx context.Context, client rest.Interface, namespace, service string) (*v1beta1.ExternalMetricValueList, error) {
	request := client.Get().AbsPath(externalMetrics, "namespaces", namespace, MetricName)
	if service != "" {
		request = request.Param("labelSelector", "service="+service)
	}
	result := request.Do(ctx)
	// Unlike that of Raw, the error of Error is what the adapter wrote.
	err := result.Error()
	if err != nil {
		return nil, fmt.Errorf("read %s of %s/%s: %w", MetricName, namespace, service, err)
	}
	body, err := result.Raw()
	if err != nil {
		return nil, fmt.Errorf("read %s of %s/%s: %w", MetricName, namespace, service, err)
	}
	var list v1beta1.ExternalMetricValueList
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, fmt.Errorf("read %s of %s/%s: %w", MetricName, namespace, service, err)
	}
	return &list, nil
}

// Desired returns the value of the metric for each service of the namespace
// that has one.
func Desired(ctx context.Context, client rest.Interface, namespace string, services []string) map[string]int64 {
	values := make(map[string]int64, len(services))
	for _, service := range services {
		list, err := DesiredReplicas(ctx, client, namespace, service)
		if err == nil && len(list.Items) == 1 {
			values[service] = list.Items[0].Value.Value()
		}
	}
	return values
}
