package record

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/config"
)

// unknownWorkload is what Istio calls a peer that it cannot name.
const unknownWorkload = "unknown"

// discover returns the workloads in the namespace to which the mesh has counted
// a request during the span, sorted.
func (c *Config) discover(ctx context.Context, during span, retry retrier) ([]string, error) {
	client, err := config.NewClientFromConfig(c.telemetry.Prometheus.HTTP.HTTPClientConfig, "deepscaler_discovery", config.WithUserAgent("deepscaler"))
	if err != nil {
		return nil, fmt.Errorf("set up HTTP client: %w", err)
	}
	defer client.CloseIdleConnections()
	client.Transport = bounded{client.Transport, c.telemetry.Prometheus.MaxResponseBytes}
	prometheus, err := api.NewClient(api.Config{Address: c.telemetry.Prometheus.URL, Client: client})
	if err != nil {
		return nil, err
	}
	selector := `istio_requests_total{reporter="destination",destination_workload_namespace=` + strconv.Quote(c.namespace) + `}`
	var found []string
	err = retry.do(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, c.telemetry.Prometheus.Timeout)
		defer cancel()
		values, _, _, err := v1.NewAPI(prometheus).LabelValues(ctx, "destination_workload", []string{selector},
			during.first.Add(-c.step), during.last(c.step))
		found = found[:0]
		for _, v := range values {
			if v != "" && v != unknownWorkload {
				found = append(found, string(v))
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("discover the services of namespace %s: %w; name them with --services", c.namespace, err)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("the mesh has seen no request to a workload in namespace %s in the range (no series %s): check --namespace, --start and --end, or name the services with --services",
			c.namespace, selector)
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// bounded bounds how much of an answer is read.
type bounded struct {
	http.RoundTripper

	limit int64
}

// RoundTrip implements [http.RoundTripper].
func (b bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := b.RoundTripper.RoundTrip(req)
	if err == nil {
		resp.Body = http.MaxBytesReader(nil, resp.Body, b.limit)
	}
	return resp, err
}
