package telemetry

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/common/model"

	"github.com/deepscaler/deepscaler/estimator"
)

// unknownWorkload is Istio's name for an unknown peer.
const unknownWorkload = "unknown"

// Discover returns the sorted workloads of a namespace that received a request
// of the mesh between two times. There may be none.
func (s *Source) Discover(ctx context.Context, namespace string, start, end time.Time) ([]estimator.Service, error) {
	selector := s.traffic.requests + `{` + s.traffic.selector + `,` + s.traffic.namespace + `=` + strconv.Quote(namespace) + s.matchers + `}`
	q := question{feature: "services", promql: selector}
	var services []estimator.Service
	err := s.server.guarded(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, s.timeout)
		defer cancel()
		values, warnings, _, err := s.prometheus.LabelValues(ctx, s.traffic.workload, []string{selector}, start, end)
		if err != nil {
			return err
		}
		for _, text := range warnings {
			if remark(text) == Partial {
				return wrong(Partial, nil, "the server warns: %s", text)
			}
		}
		slices.Sort(values)
		for _, name := range slices.Compact(values) {
			if name != "" && name != model.LabelValue(unknownWorkload) {
				services = append(services, estimator.Service{Namespace: namespace, Name: string(name)})
			}
		}
		return nil
	})
	return services, q.own(err)
}
