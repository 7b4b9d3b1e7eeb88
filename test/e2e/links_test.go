package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"testing"

	external "k8s.io/metrics/pkg/apis/external_metrics/v1beta1"

	"github.com/deepscaler/deepscaler/adapter/discovery"
)

// The rates of the calls between services, which the scheduler plugin places pods by, come from
// the mesh's metrics through the adapter and the API aggregator.
func TestCallRatesAreServed(t *testing.T) {
	const rps = 20
	s := start(t, rps)
	front := s.Namespace + "/" + s.Services[0]
	eventually(t, "the call graph is served", func(ctx context.Context) error {
		raw, err := shared.Client.CoreV1().RESTClient().Get().
			AbsPath("/apis/external.metrics.k8s.io/v1beta1/namespaces", s.Namespace, discovery.CallRateMetric).DoRaw(ctx)
		if err != nil {
			return err
		}
		var list external.ExternalMetricValueList
		if err := json.Unmarshal(raw, &list); err != nil {
			return err
		}
		rates := map[string]float64{}
		for _, i := range list.Items {
			if source := i.MetricLabels[discovery.SourceLabel]; source == "" {
				rates["users>"+i.MetricLabels[discovery.DestinationLabel]] += i.Value.AsApproximateFloat64()
			} else {
				rates[source] += i.Value.AsApproximateFloat64()
			}
		}
		if users := rates["users>"+front]; math.Abs(users-rps) > rps/4 || rates[front] < rps/2 {
			return fmt.Errorf("calls per second are %v, want %d from users to %s, and calls from there", rates, rps, front)
		}
		return nil
	})
}
