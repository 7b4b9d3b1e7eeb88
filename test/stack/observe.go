package stack

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/deepscaler/deepscaler/hack/controlplane"
)

// scrapeInterval is short, as the steps of the tests and the demo are.
const scrapeInterval = time.Second

// observe starts Prometheus, and Jaeger where spans are wanted, unless they run.
func (s *Stack) observe(ctx context.Context, tracing bool) error {
	if s.prometheus == nil {
		port, err := s.Cluster.FreePort()
		if err != nil {
			return fmt.Errorf("start Prometheus: %w", err)
		}
		s.testbed = "127.0.0.1:" + strconv.Itoa(port)
		if s.prometheus, err = s.Cluster.StartPrometheus(ctx, controlplane.PrometheusOptions{
			Jobs:           []controlplane.ScrapeJob{{Name: "testbed", Targets: []string{s.testbed}}},
			ScrapeInterval: scrapeInterval,
		}); err != nil {
			return err
		}
	}
	if tracing && s.jaeger == nil {
		var err error
		if s.jaeger, err = s.Cluster.StartJaeger(ctx); err != nil {
			return err
		}
	}
	return nil
}
