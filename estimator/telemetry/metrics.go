package telemetry

import (
	"slices"

	"github.com/deepscaler/deepscaler/estimator"
)

// Metrics returns the sorted names of the metrics that the query of a feature reads.
func (s *Source) Metrics(feature estimator.Feature) []string {
	t := s.queries[string(feature)]
	if t == nil {
		return nil
	}
	var names []string
	for _, m := range metricName.FindAllStringSubmatch(t.Root.String(), -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}
