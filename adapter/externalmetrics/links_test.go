package externalmetrics

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/labels"
	testclock "k8s.io/utils/clock/testing"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/tick"
	"github.com/deepscaler/deepscaler/estimator/plan"
)

// The metrics about pairs have one item per edge that ends in the namespace, while the
// plan is fresh.
func TestLinksAreServed(t *testing.T) {
	c := testclock.NewFakePassiveClock(noon)
	b := NewBoard(c, step)
	b.Assign([]discovery.Application{{Name: "money", Services: []discovery.Service{billing, bank}}})
	made := planOf(t, noon, map[discovery.Service]float64{billing: 2, bank: 3}).WithLinks(func() plan.Links {
		return plan.Links{
			Expected: []plan.Link{
				{Destination: billing.Service, Value: 1.5},
				{Source: billing.Service, Destination: bank.Service, Value: 0.25},
				{Source: bank.Service, Destination: billing.Service, Value: 4},
			},
			Affinity: []plan.Link{{Source: bank.Service, Destination: billing.Service, Value: 0.5}},
		}
	})
	b.Publish(tick.Result{Application: "money", Plan: made, At: noon})
	p := NewProvider(b, nil)
	read := func(namespace, metric string, selector labels.Selector) (items []string) {
		t.Helper()
		list, err := p.GetExternalMetric(t.Context(), namespace, selector, provider.ExternalMetricInfo{Metric: metric})
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range list.Items {
			if !i.Timestamp.Time.Equal(noon) || *i.WindowSeconds != 30 || i.MetricLabels[discovery.ApplicationLabel] != "money" {
				t.Errorf("item %+v does not tell its plan", i)
			}
			items = append(items, fmt.Sprintf("%s>%s %v", i.MetricLabels[discovery.SourceLabel], i.MetricLabels[discovery.DestinationLabel], i.Value.AsApproximateFloat64()))
		}
		slices.Sort(items)
		return items
	}
	all := labels.Everything()
	for _, test := range []struct {
		namespace, metric string
		selector          labels.Selector
		want              []string
	}{
		{"shop", discovery.CallRateMetric, all, []string{">shop/billing 1.5", "vault/bank>shop/billing 4"}},
		{"vault", discovery.CallRateMetric, all, []string{"shop/billing>vault/bank 0.25"}},
		{"shop", discovery.AffinityMetric, all, []string{"vault/bank>shop/billing 0.5"}},
		{"elsewhere", discovery.CallRateMetric, all, nil},
		{"shop", discovery.CallRateMetric, labels.SelectorFromSet(labels.Set{discovery.SourceLabel: ""}), []string{">shop/billing 1.5"}},
	} {
		if diff := cmp.Diff(test.want, read(test.namespace, test.metric, test.selector)); diff != "" {
			t.Errorf("%s of %s (-want +got):\n%s", test.metric, test.namespace, diff)
		}
	}
	c.SetTime(noon.Add(2*step + time.Second))
	if got := read("shop", discovery.CallRateMetric, all); got != nil {
		t.Errorf("a stale plan serves %v, want nothing", got)
	}
}
