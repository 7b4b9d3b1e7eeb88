package placement

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	external "k8s.io/metrics/pkg/apis/external_metrics/v1beta1"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/hack/controlplane"
)

// scripted answers the external metrics API as the adapter does.
type scripted struct {
	names []string
	calls []estimator.Call

	mu      sync.Mutex
	desired []int
	gone    bool
	made    time.Time // of the plan; zero means now
}

// set changes what the adapter knows.
func (s *scripted) set(change func(*scripted)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

// ServeHTTP implements [http.Handler].
func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		http.Error(w, "gone", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, path, found := strings.Cut(r.URL.Path, "/namespaces/")
	if !found {
		_ = json.NewEncoder(w).Encode(metav1.APIResourceList{GroupVersion: "external.metrics.k8s.io/v1beta1"})
		return
	}
	namespace, metric, _ := strings.Cut(path, "/")
	list := external.ExternalMetricValueList{}
	if namespace == shop {
		list.Items = s.items(metric)
	}
	_ = json.NewEncoder(w).Encode(list)
}

func (s *scripted) items(metric string) (items []external.ExternalMetricValue) {
	made := s.made
	if made.IsZero() {
		made = time.Now()
	}
	window := int64(1)
	add := func(value float64, labels map[string]string) {
		labels[discovery.ApplicationLabel] = shop
		items = append(items, external.ExternalMetricValue{
			MetricName: metric, MetricLabels: labels, Timestamp: metav1.NewTime(made), WindowSeconds: &window,
			Value: *resource.NewMilliQuantity(int64(value*1000), resource.DecimalSI),
		})
	}
	switch metric {
	case discovery.Metric:
		for i, name := range s.names {
			add(float64(s.desired[i]), map[string]string{discovery.ServiceLabel: name})
		}
	case discovery.CallRateMetric:
		for _, c := range s.calls {
			source := ""
			if c.Source != estimator.Outside {
				source = shop + "/" + s.names[c.Source]
			}
			add(c.Rate, map[string]string{discovery.SourceLabel: source, discovery.DestinationLabel: shop + "/" + s.names[c.Destination]})
		}
	}
	return items
}

// register puts the scripted adapter behind the API aggregator.
func (s *scripted) register(t *testing.T) {
	t.Helper()
	server := httptest.NewTLSServer(s)
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(address.Port())
	if err != nil {
		t.Fatal(err)
	}
	apply(t, controlplane.LoopbackService(system, "adapter"), map[string]any{
		"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
		"metadata": map[string]any{"name": "v1beta1.external.metrics.k8s.io"},
		"spec": map[string]any{
			"group": "external.metrics.k8s.io", "version": "v1beta1", "groupPriorityMinimum": 100, "versionPriority": 100,
			"service": map[string]any{"namespace": system, "name": "adapter", "port": port},
			// The name on the test server's certificate is another.
			"insecureSkipTLSVerify": true,
		},
	})
}
