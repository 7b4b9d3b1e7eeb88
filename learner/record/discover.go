package record

import (
	"context"
	"fmt"
	"slices"

	"github.com/deepscaler/deepscaler/estimator"
)

// discover returns the workloads in the namespaces to which the mesh has counted
// a request during the range, sorted.
func (r *recording) discover(ctx context.Context) ([]estimator.Service, error) {
	var found []estimator.Service
	for _, namespace := range r.namespaces {
		err := r.retry.do(ctx, func(ctx context.Context) error {
			services, err := r.source.Discover(ctx, namespace, r.span.first.Add(-r.step), r.span.last(r.step))
			if err == nil {
				found = append(found, services...)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("discover the services of namespace %s: %w; name them with --services", namespace, err)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("there was no request to a workload of the mesh in namespaces %q in the range: check --namespace, --start and --end, or name the services with --services",
			r.namespaces)
	}
	slices.SortFunc(found, estimator.Service.Compare)
	return found, nil
}
