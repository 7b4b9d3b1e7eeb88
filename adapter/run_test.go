package adapter

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/metrics/pkg/apis/external_metrics/v1beta1"

	"github.com/deepscaler/deepscaler/adapter/internal/fakekube"
	"github.com/deepscaler/deepscaler/adapter/internal/fakeprometheus"
)

const (
	api      = "/apis/external.metrics.k8s.io/v1beta1"
	webValue = api + "/namespaces/shop/deepscaler_desired_replicas?labelSelector=service%3Dweb"
)

func TestRunServesTheMetricOfDesignedContract(t *testing.T) {
	s := start(t)
	s.ready(t)

	var list v1beta1.ExternalMetricValueList
	s.decode(t, webValue, &list)
	if len(list.Items) != 1 {
		t.Fatalf("%d items, want 1: %+v", len(list.Items), list)
	}
	item := list.Items[0]
	if diff := cmp.Diff(map[string]string{"service": "web", "application": "shop"}, item.MetricLabels); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
	if item.MetricName != "deepscaler_desired_replicas" || *item.WindowSeconds != 5 {
		t.Errorf("name %q, window %ds", item.MetricName, *item.WindowSeconds)
	}
	// 1.8 replicas are busy; at most 80 % each.
	if n := item.Value.Value(); n < 3 || n > 6 || item.Value.MilliValue() != 1000*n {
		t.Errorf("value %v", item.Value)
	}
	if age := time.Since(item.Timestamp.Time); age < 0 || age > time.Minute {
		t.Errorf("timestamp is %v old", age)
	}

	var resources metav1.APIResourceList
	s.decode(t, api, &resources)
	var want []metav1.APIResource
	for _, name := range []string{"deepscaler_desired_replicas", "deepscaler_call_rate", "deepscaler_affinity"} {
		want = append(want, metav1.APIResource{Name: name, Namespaced: true, Kind: "ExternalMetricValueList", Verbs: metav1.Verbs{"get"}})
	}
	if diff := cmp.Diff(want, resources.APIResources); diff != "" {
		t.Errorf("discovery document (-want +got):\n%s", diff)
	}
	if code, body := s.get(t, "admin", "/openapi/v3"); code != http.StatusOK || !strings.Contains(body, "external.metrics.k8s.io") {
		t.Errorf("/openapi/v3: %d %s", code, body)
	}
}

func TestRunKeepsOthersOut(t *testing.T) {
	s := start(t)
	s.ready(t)
	for _, c := range []struct {
		token, path string
		want        int
	}{
		{"", webValue, http.StatusForbidden},
		{"forged", webValue, http.StatusUnauthorized},
		{"nobody", webValue, http.StatusForbidden},
		{"hpa", webValue, http.StatusOK},
		{"hpa", "/metrics", http.StatusForbidden},
		{"", "/metrics", http.StatusForbidden},
		{"prometheus", "/metrics", http.StatusOK},
		{"", "/debug/pprof/", http.StatusForbidden},
		{"", "/livez", http.StatusOK},
		{"", "/readyz", http.StatusOK},
		{"", "/healthz", http.StatusOK},
		{"", "/readyz/plan", http.StatusForbidden},
	} {
		if code, body := s.get(t, c.token, c.path); code != c.want {
			t.Errorf("%q reads %s: %d, want %d: %s", c.token, c.path, code, c.want, body)
		}
	}
}

func TestRunTurnsAnOutageIntoAnErrorAndRecovers(t *testing.T) {
	s := start(t)
	s.ready(t)
	var reads []time.Duration
	read := func() (int, string) {
		began := time.Now()
		code, body := s.get(t, "hpa", webValue)
		reads = append(reads, time.Since(began))
		return code, body
	}
	median := func() time.Duration {
		slices.Sort(reads)
		return reads[len(reads)/2]
	}
	for _, mode := range []fakeprometheus.Mode{fakeprometheus.Broken, fakeprometheus.Hanging} {
		reads = nil
		for range 10 {
			read()
		}
		before := median()
		s.prometheus.Set(mode)
		status := metav1.Status{}
		reads = nil
		eventually(t, "the metric is an error", func() bool {
			code, body := read()
			return code == http.StatusServiceUnavailable && json.Unmarshal([]byte(body), &status) == nil
		})
		// Reads that waited for queries would take most of a step. On a busy machine reads were slow before, too.
		if most := s.step/4 + 5*before; median() > most {
			t.Errorf("mode %d: the median read took %v, want at most %v: it was %v before", mode, median(), most, before)
		}
		if strings.Contains(status.Message, s.prometheus.URL) || strings.Contains(status.Message, "istio_") {
			t.Errorf("mode %d: a reader of the namespace sees where telemetry comes from: %s", mode, status.Message)
		}
		if status.Reason != metav1.StatusReasonServiceUnavailable || !strings.Contains(status.Message, `application "shop" has no plan`) {
			t.Errorf("mode %d: status %+v", mode, status)
		}
		if _, body := s.get(t, "prometheus", "/metrics"); strings.Contains(body, "\ndeepscaler_desired_replicas{") ||
			!strings.Contains(body, "deepscaler_tick_failures_total{") {
			t.Errorf("mode %d: /metrics still has predictions, or lacks failures", mode)
		}
		for _, probe := range []string{"/readyz", "/livez"} {
			if code, body := s.get(t, "", probe); code != http.StatusOK {
				t.Errorf("mode %d: %s %d %s", mode, probe, code, body)
			}
		}
		s.prometheus.Set(fakeprometheus.Healthy)
		eventually(t, "the metric is back", func() bool {
			code, _ := s.get(t, "hpa", webValue)
			return code == http.StatusOK
		})
	}
	if _, body := s.get(t, "prometheus", "/metrics"); !strings.Contains(body, `deepscaler_desired_replicas{application="shop",namespace="shop",service="web"}`) {
		t.Error("/metrics lacks the prediction")
	}
}

func TestRunFollowsAutoscalers(t *testing.T) {
	s := start(t)
	s.ready(t)
	eventually(t, "an Event about the missing selector", func() bool {
		for _, e := range s.kube.Objects("events") {
			about, _ := e["involvedObject"].(map[string]any)
			if e["reason"] == "MissingSelector" && about["name"] == "cart" && e["type"] == "Warning" {
				return true
			}
		}
		return false
	})
	s.kube.Delete("autoscaling", "v2", "horizontalpodautoscalers", "shop", "web")
	eventually(t, "the service is gone", func() bool {
		code, _ := s.get(t, "hpa", webValue)
		return code == http.StatusNotFound
	})
	if err := s.kube.PutAutoscaler(fakekube.Autoscaler("shop", "web")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the service is back", func() bool {
		code, _ := s.get(t, "hpa", webValue)
		return code == http.StatusOK
	})
}

func TestRunIsNotReadyWithoutAPlan(t *testing.T) {
	s := start(t, func(s *system) {
		// After four steps without a plan the adapter is ready all the same.
		s.step = 30 * time.Second
		s.prometheus.Set(fakeprometheus.Broken)
	})
	eventually(t, "the tick has failed", func() bool {
		_, body := s.get(t, "admin", "/readyz/plan")
		return strings.Contains(body, "shop: window:")
	})
	if code, _ := s.get(t, "", "/readyz"); code != http.StatusInternalServerError {
		t.Errorf("/readyz: %d", code)
	}
	if code, _ := s.get(t, "", "/livez"); code != http.StatusOK {
		t.Errorf("/livez: %d", code)
	}
	s.prometheus.Set(fakeprometheus.Healthy)
	s.ready(t)
}

// A new autoscaler is served before the next tick, however long a step is.
func TestRunServesANewAutoscalerAtOnce(t *testing.T) {
	s := start(t, func(s *system) {
		s.step = 30 * time.Second
		s.kube.Delete("autoscaling", "v2", "horizontalpodautoscalers", "shop", "cart")
	})
	s.ready(t)
	answers := func(want int) func() bool {
		return func() bool {
			code, _ := s.get(t, "hpa", api+"/namespaces/shop/deepscaler_desired_replicas?labelSelector=service%3Dcart")
			return code == want
		}
	}
	if !answers(http.StatusNotFound)() {
		t.Fatal("it is served before it is there")
	}
	// At the end of a step the tick itself may be in time.
	for range 5 {
		put := time.Now()
		if err := s.kube.PutAutoscaler(fakekube.Autoscaler("shop", "cart")); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the new autoscaler is served", answers(http.StatusOK))
		took := time.Since(put)
		if rest := put.Truncate(s.step).Add(s.step).Sub(put); took < rest {
			t.Logf("served after %v, %v before the next tick", took, rest-took)
			return
		}
		s.kube.Delete("autoscaling", "v2", "horizontalpodautoscalers", "shop", "cart")
		eventually(t, "the autoscaler is gone", answers(http.StatusNotFound))
	}
	t.Error("five times no sooner than with a tick")
}
