package compare

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiregistrationv1 "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	aggregator "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset"

	"github.com/deepscaler/deepscaler/hack/controlplane"
)

// groups are the APIs from which the controller reads metrics.
func groups() map[string]string {
	return map[string]string{"external.metrics.k8s.io": "v1beta1", "custom.metrics.k8s.io": "v1beta2", "metrics.k8s.io": "v1beta1"}
}

// serveMetrics puts a server of all metrics APIs behind the aggregator. The puppets
// answer, by name.
func (s *site) serveMetrics(t *testing.T, puppets map[string]*puppet) {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		answer, err := answer(r.Context(), puppets, r.URL)
		if err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			answer = metav1.Status{
				TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure,
				Code: http.StatusServiceUnavailable, Reason: metav1.StatusReasonServiceUnavailable, Message: err.Error(),
			}
		}
		// Whatever fails here is seen by the client.
		_ = json.NewEncoder(w).Encode(answer)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	const name = "metrics"
	if _, err := s.client.CoreV1().Services(namespace).Create(t.Context(), controlplane.LoopbackService(namespace, name), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	services, err := aggregator.NewForConfig(s.cluster.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	port := int32(server.Listener.Addr().(*net.TCPAddr).Port)
	for group, version := range groups() {
		_, err := services.ApiregistrationV1().APIServices().Create(t.Context(), &apiregistrationv1.APIService{
			ObjectMeta: metav1.ObjectMeta{Name: version + "." + group},
			Spec: apiregistrationv1.APIServiceSpec{
				Group: group, Version: version, GroupPriorityMinimum: 100, VersionPriority: 100, InsecureSkipTLSVerify: true,
				Service: &apiregistrationv1.ServiceReference{Namespace: namespace, Name: name, Port: &port},
			},
		}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, group+" is served", func() error {
			return s.client.Discovery().RESTClient().Get().AbsPath("/apis", group, version).Do(t.Context()).Error()
		})
	}
}

// answer finds the puppet of a request: external metrics have it in their selector,
// the others in that of the pods.
func answer(ctx context.Context, puppets map[string]*puppet, u *url.URL) (any, error) {
	parts := strings.Split(strings.Trim(u.Path, "/"), "/") // apis, group, version, namespaces, …
	if len(parts) <= 3 {
		return discovery(parts), nil
	}
	_, name, _ := strings.Cut(u.Query().Get("labelSelector"), "=")
	p := puppets[name]
	if p == nil || len(parts) < 6 {
		return nil, fmt.Errorf("there is no metric at %s", u)
	}
	switch parts[1] {
	case "external.metrics.k8s.io":
		return p.external(ctx, parts[5])
	case "metrics.k8s.io":
		return p.usage(ctx)
	}
	return p.custom(ctx, parts[len(parts)-1])
}

func discovery(parts []string) any {
	if len(parts) < 3 {
		return metav1.APIGroupList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "APIGroupList"}}
	}
	list := metav1.APIResourceList{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "APIResourceList"}, GroupVersion: parts[1] + "/" + parts[2],
	}
	for name, kind := range map[string]string{"metrics.k8s.io": "PodMetrics", "custom.metrics.k8s.io": "MetricValueList", "external.metrics.k8s.io": "ExternalMetricValueList"} {
		if name == parts[1] {
			list.APIResources = []metav1.APIResource{{Name: "pods", Namespaced: true, Kind: kind, Verbs: metav1.Verbs{"get"}}}
		}
	}
	return list
}

type object = map[string]any

func list(apiVersion, kind string, items []object) object {
	return object{"apiVersion": apiVersion, "kind": kind, "metadata": object{}, "items": items}
}

func milli(v float64) string { return fmt.Sprintf("%dm", int64(math.Round(v*1000))) }

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (p *puppet) external(ctx context.Context, metric string) (any, error) {
	r, at, err := p.reading(ctx, metric)
	if err != nil || math.IsNaN(r.Value) {
		return nil, fmt.Errorf("metric %s of %s is missing: %w", metric, p.name, err)
	}
	// The controller adds several items up.
	half := math.Floor(r.Value*500) / 1000
	items := []object{}
	for _, v := range []float64{half, r.Value - half} {
		items = append(items, object{"metricName": metric, "metricLabels": object{}, "timestamp": stamp(at), "value": milli(v)})
	}
	return list("external.metrics.k8s.io/v1beta1", "ExternalMetricValueList", items), nil
}

func (p *puppet) usage(ctx context.Context) (any, error) {
	r, _, err := p.reading(ctx, cpu)
	if err != nil {
		return nil, err
	}
	items := []object{}
	for i, s := range r.Pods {
		if !math.IsNaN(s.Value) {
			items = append(items, object{
				"metadata": object{"name": p.last.names[i], "namespace": namespace}, "timestamp": stamp(s.At), "window": s.Window.String(),
				"containers": []object{{"name": "main", "usage": object{"cpu": milli(s.Value), "memory": "1Mi"}}},
			})
		}
	}
	return list("metrics.k8s.io/v1beta1", "PodMetricsList", items), nil
}

func (p *puppet) custom(ctx context.Context, metric string) (any, error) {
	r, at, err := p.reading(ctx, metric)
	if err != nil {
		return nil, err
	}
	items := []object{}
	for i, s := range r.Pods {
		if !math.IsNaN(s.Value) {
			items = append(items, object{
				"describedObject": object{"kind": "Pod", "namespace": namespace, "name": p.last.names[i], "apiVersion": "v1"},
				"metric":          object{"name": metric}, "timestamp": stamp(at), "value": milli(s.Value),
			})
		}
	}
	return list("custom.metrics.k8s.io/v1beta2", "MetricValueList", items), nil
}
