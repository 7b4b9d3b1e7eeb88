package placementcheck

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	external "k8s.io/metrics/pkg/apis/external_metrics/v1beta1"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/explain"
)

// documents answers with one, or with an error.
type documents struct {
	*explain.Document
	err   error
	reads int
}

func (d *documents) Describe(_ context.Context, q explain.Query) (*explain.Document, error) {
	d.reads++
	if !q.Full || q.Namespace != "shop" {
		return nil, errors.New("another query")
	}
	return d.Document, d.err
}

// failing is the API of another program, which knows none of the metrics.
type failing struct{ err error }

func (f failing) Read(context.Context, string, string) ([]external.ExternalMetricValue, error) {
	return nil, f.err
}

// Where another program has the external metrics API, the documents have the same.
func TestEitherReadsTheSame(t *testing.T) {
	three := 3
	d := &documents{Document: &explain.Document{
		Step: explain.Duration(15 * time.Second),
		Applications: []explain.Application{{
			Name: "shop", Planned: noon,
			Calls: []explain.Link{{Source: "", Destination: "front", Value: 10}, {Source: "front", Destination: "cart", Value: 30}},
		}},
		Services: []explain.Service{
			{Namespace: "shop", Name: "front", Application: "shop", Desired: &three},
			{Namespace: "shop", Name: "cart", Application: "shop", Desired: &three},
			{Namespace: "shop", Name: "unknown", Application: "shop"},
		},
	}}
	for name, theirs := range map[string]error{"it has no such metric": nil, "it fails": errors.New("no scaler")} {
		e := &Either{Metrics: failing{theirs}, Documents: d}
		d.reads = 0
		for _, metric := range []string{discovery.Metric, discovery.CallRateMetric, discovery.AffinityMetric} {
			got, err := e.Read(t.Context(), "shop", metric)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			want, err := shop().Read(t.Context(), "shop", metric)
			if err != nil {
				t.Fatal(err)
			}
			for i := range want {
				want[i].MetricName = metric
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s (-want +got):\n%s", name, metric, diff)
			}
		}
		if d.reads != 1 {
			t.Errorf("%s: %d documents are read for one check, want 1", name, d.reads)
		}
	}
}

// The external metrics come first, and their error counts if there are no documents either.
func TestEitherPrefersTheMetrics(t *testing.T) {
	d := &documents{err: errors.New("nor there")}
	if items, err := (&Either{Metrics: shop(), Documents: d}).Read(t.Context(), "shop", discovery.Metric); len(items) != 2 || err != nil || d.reads != 0 {
		t.Errorf("%d items, error %v, %d documents read", len(items), err, d.reads)
	}
	forbidden := errors.New("forbidden")
	if _, err := (&Either{Metrics: failing{forbidden}, Documents: d}).Read(t.Context(), "shop", discovery.Metric); !errors.Is(err, forbidden) {
		t.Errorf("error %v", err)
	}
}
