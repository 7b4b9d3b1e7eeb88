package knowledge

import (
	"context"
	"maps"
	"math"
	"slices"
	"time"

	external "k8s.io/metrics/pkg/apis/external_metrics/v1beta1"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/estimator"
)

// Report has plans, call rates and affinities of the services of one namespace. It is immutable.
type Report struct {
	// Made is the time of the newest part, and Step the time between two plans; zero without
	// any managed service.
	Made time.Time
	Step time.Duration

	namespace string
	// desired are the replicas of each service by application, NaN if unknown.
	desired map[string]map[estimator.Service]float64
	calls   []link
	// affinity has no calls from outside.
	affinity []link
	// mentioned are other namespaces of the same applications.
	mentioned map[string]bool
}

// link is an edge; the source is the zero Service for calls from outside.
type link struct {
	application         string
	source, destination estimator.Service
	value               float64
}

// Read returns the report of a namespace. Without desired replicas, of which one unknown
// service is enough, the calls still count.
func Read(ctx context.Context, reader Reader, namespace string) (*Report, error) {
	r := newReport(namespace)
	calls, err := reader.Read(ctx, namespace, discovery.CallRateMetric)
	if err != nil {
		return nil, err
	}
	affinity, err := reader.Read(ctx, namespace, discovery.AffinityMetric)
	if err != nil {
		return nil, err
	}
	desired, err := reader.Read(ctx, namespace, discovery.Metric)
	if err != nil && len(calls) == 0 {
		return nil, err
	}
	r.addDesired(desired)
	r.calls = r.links(calls)
	r.affinity = r.links(affinity)
	return r, nil
}

// Namespaces returns the other namespaces of the same applications, in order.
func (r *Report) Namespaces() []string { return slices.Sorted(maps.Keys(r.mentioned)) }

func newReport(namespace string) *Report {
	return &Report{namespace: namespace, desired: map[string]map[estimator.Service]float64{}, mentioned: map[string]bool{}}
}

func (r *Report) addDesired(items []external.ExternalMetricValue) {
	for _, i := range items {
		r.stamp(i)
		r.add(i.MetricLabels[discovery.ApplicationLabel],
			estimator.Service{Namespace: r.namespace, Name: i.MetricLabels[discovery.ServiceLabel]}, i.Value.AsApproximateFloat64())
	}
}

// links adds edges and their services. Those with names that nobody can have are left out.
func (r *Report) links(items []external.ExternalMetricValue) (links []link) {
	for _, i := range items {
		l := link{application: i.MetricLabels[discovery.ApplicationLabel], value: i.Value.AsApproximateFloat64()}
		destination, err := estimator.ParseService(i.MetricLabels[discovery.DestinationLabel])
		if err != nil || !(l.value > 0) {
			continue
		}
		l.destination = destination
		if text := i.MetricLabels[discovery.SourceLabel]; text != "" {
			if l.source, err = estimator.ParseService(text); err != nil {
				continue
			}
			r.add(l.application, l.source, math.NaN())
		}
		r.stamp(i)
		r.add(l.application, l.destination, math.NaN())
		links = append(links, l)
	}
	return links
}

func (r *Report) add(application string, s estimator.Service, desired float64) {
	if r.desired[application] == nil {
		r.desired[application] = map[estimator.Service]float64{}
	}
	if _, known := r.desired[application][s]; !known || !math.IsNaN(desired) {
		r.desired[application][s] = desired
	}
	if s.Namespace != r.namespace {
		r.mentioned[s.Namespace] = true
	}
}

func (r *Report) stamp(i external.ExternalMetricValue) {
	if i.Timestamp.After(r.Made) {
		r.Made = i.Timestamp.Time
	}
	if i.WindowSeconds != nil {
		r.Step = time.Duration(*i.WindowSeconds) * time.Second
	}
}
