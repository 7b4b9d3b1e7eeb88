package record

import (
	"context"
	"fmt"

	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// discover returns the workloads in the namespace to which the mesh has counted
// a request during the span, sorted.
func (c *Config) discover(ctx context.Context, during span, retry retrier) ([]string, error) {
	source, err := telemetry.New(c.telemetry, c.features, c.columns, c.step)
	if err != nil {
		return nil, err
	}
	defer source.Close()
	var found []string
	err = retry.do(ctx, func(ctx context.Context) error {
		services, err := source.Discover(ctx, c.namespace, during.first.Add(-c.step), during.last(c.step))
		for _, s := range services {
			found = append(found, s.Name)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("discover the services of namespace %s: %w; name them with --services", c.namespace, err)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("the mesh has seen no request to a workload in namespace %s in the range: check --namespace, --start and --end, or name the services with --services",
			c.namespace)
	}
	return found, nil
}
