package telemetry_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

func TestMetrics(t *testing.T) {
	c := telemetry.DefaultConfig()
	c.Prometheus.URL = "http://localhost:9090"
	c.Queries = map[string]string{string(estimator.Memory): `sum by (namespace, workload) (a_bytes{x="{{.Step}}"} / b_bytes{} + a_bytes{})`}
	source, err := telemetry.New(c, estimator.DefaultFeatures(), 12, c.ScrapeInterval)
	if err != nil {
		t.Fatal(err)
	}
	for feature, want := range map[estimator.Feature][]string{
		estimator.Requests: {"istio_requests_total"},
		estimator.Latency:  {"istio_request_duration_milliseconds_count", "istio_request_duration_milliseconds_sum"},
		estimator.Memory:   {"a_bytes", "b_bytes"},
		"unknown":          nil,
	} {
		if diff := cmp.Diff(want, source.Metrics(feature)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", feature, diff)
		}
	}
}
