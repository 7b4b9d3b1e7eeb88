package placementcheck

import (
	"context"
	"math"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	external "k8s.io/metrics/pkg/apis/external_metrics/v1beta1"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/explain"
	"github.com/deepscaler/deepscaler/adapter/knowledge"
)

// Describer has the adapter's documents, from whichever metrics API is the adapter's.
type Describer interface {
	Describe(ctx context.Context, q explain.Query) (*explain.Document, error)
}

// Either reads the adapter's external metrics, and where another program such as KEDA has
// that API, the same from the adapter's documents. These have no calls between namespaces. It is
// for one check, of the state at its first read.
type Either struct {
	Metrics   knowledge.Reader
	Documents Describer

	read map[string]*explain.Document // by namespace
}

var _ knowledge.Reader = (*Either)(nil)

// Read implements [knowledge.Reader].
func (e *Either) Read(ctx context.Context, namespace, metric string) ([]external.ExternalMetricValue, error) {
	if e.read[namespace] == nil {
		items, err := e.Metrics.Read(ctx, namespace, metric)
		if err == nil && len(items) > 0 {
			return items, nil
		}
		d, unknown := e.Documents.Describe(ctx, explain.Query{Namespace: namespace, Full: true})
		if unknown != nil {
			return items, err // which is about the API that the command asks first
		}
		if e.read == nil {
			e.read = map[string]*explain.Document{}
		}
		e.read[namespace] = d
	}
	return values(e.read[namespace], namespace, metric), nil
}

// values returns the items that the external metric would have.
func values(d *explain.Document, namespace, metric string) (items []external.ExternalMetricValue) {
	seconds := int64(time.Duration(d.Step).Seconds())
	planned := map[string]time.Time{}
	add := func(application string, value float64, labels map[string]string) {
		labels[discovery.ApplicationLabel] = application
		items = append(items, external.ExternalMetricValue{
			MetricName: metric, MetricLabels: labels, Timestamp: metav1.NewTime(planned[application]), WindowSeconds: &seconds,
			Value: *resource.NewMilliQuantity(int64(math.Round(value*1000)), resource.DecimalSI),
		})
	}
	for _, a := range d.Applications {
		planned[a.Name] = a.Planned
		links := map[string][]explain.Link{discovery.CallRateMetric: a.Calls, discovery.AffinityMetric: a.Affinity}[metric]
		for _, l := range links {
			source := ""
			if l.Source != "" {
				source = namespace + "/" + l.Source
			}
			add(a.Name, l.Value, map[string]string{discovery.SourceLabel: source, discovery.DestinationLabel: namespace + "/" + l.Destination})
		}
	}
	if metric != discovery.Metric {
		return items
	}
	for _, s := range d.Services {
		if s.Desired != nil {
			add(s.Application, float64(*s.Desired), map[string]string{discovery.ServiceLabel: s.Name})
		}
	}
	return items
}
