package adapter

import (
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	custommetricsv1beta2 "k8s.io/metrics/pkg/apis/custom_metrics/v1beta2"
	"k8s.io/metrics/pkg/apis/external_metrics/v1beta1"

	"github.com/deepscaler/deepscaler/adapter/internal/fakekube"
	"github.com/deepscaler/deepscaler/adapter/keda/externalscaler"
)

var customAPIServices = []string{"v1beta1.custom.metrics.k8s.io", "v1beta2.custom.metrics.k8s.io"}

// besideKEDA leaves the external metrics API to KEDA, registers the adapter for the custom
// one, and lets cart be scaled by an Object metric.
func besideKEDA(t *testing.T) func(*system) {
	return func(s *system) {
		t.Helper()
		for _, name := range customAPIServices {
			if err := s.kube.Register(name, fakekube.Namespace, fakekube.Service); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.kube.Register(fakekube.APIService, "keda", "keda-operator-metrics-apiserver"); err != nil {
			t.Fatal(err)
		}
		cart := fakekube.Autoscaler("shop", "cart")
		cart.Spec.Metrics = []autoscalingv2.MetricSpec{{Type: autoscalingv2.ObjectMetricSourceType, Object: &autoscalingv2.ObjectMetricSource{
			Metric: autoscalingv2.MetricIdentifier{Name: "deepscaler_desired_replicas"}, DescribedObject: cart.Spec.ScaleTargetRef,
			Target: cart.Spec.Metrics[0].External.Target,
		}}}
		if err := s.kube.PutAutoscaler(cart); err != nil {
			t.Fatal(err)
		}
		s.apiService = customAPIServices[0]
	}
}

func TestRunServesTheCustomMetricsAPIBesideKEDA(t *testing.T) {
	s := start(t, besideKEDA(t))
	s.ready(t)
	for _, version := range []string{"v1beta1", "v1beta2"} {
		api := "/apis/custom.metrics.k8s.io/" + version
		var resources metav1.APIResourceList
		s.decode(t, api, &resources)
		if len(resources.APIResources) != 1 || resources.APIResources[0].Name != "deployments.apps/deepscaler_desired_replicas" || !resources.APIResources[0].Namespaced {
			t.Errorf("%s lists %+v", version, resources.APIResources)
		}
		var list custommetricsv1beta2.MetricValueList
		s.decode(t, api+"/namespaces/shop/deployments.apps/cart/deepscaler_desired_replicas", &list)
		if len(list.Items) != 1 || list.Items[0].Value.Value() < 1 || list.Items[0].DescribedObject.Name != "cart" {
			t.Errorf("%s: %+v", version, list)
		}
		if code, body := s.get(t, "nobody", api+"/namespaces/shop/deployments.apps/cart/deepscaler_desired_replicas"); code != http.StatusForbidden {
			t.Errorf("%s: a caller without rights gets %d %s", version, code, body)
		}
		if code, body := s.get(t, "admin", api+"/namespaces/shop/deployments.apps/nobody/deepscaler_desired_replicas"); code != http.StatusNotFound {
			t.Errorf("%s: an unknown object is %d %s", version, code, body)
		}
	}
	if code, body := s.get(t, "admin", "/openapi/v2"); code != http.StatusOK || !strings.Contains(body, "custom_metrics.v1beta2.MetricValueList") {
		t.Errorf("/openapi/v2: %d %.200s", code, body)
	}
	if spec := s.kube.Object("apiservices", "", fakekube.APIService)["spec"].(map[string]any); spec["caBundle"] != nil {
		t.Error("wrote the APIService of KEDA")
	}
	eventually(t, "an Event on web, which asks KEDA", func() bool {
		for _, e := range s.kube.Objects("events") {
			message, _ := e["message"].(string)
			if e["reason"] == "APINotRegistered" && strings.Contains(message, "belongs to keda/keda-operator-metrics-apiserver: use a metric of type Object") {
				return true
			}
		}
		return false
	})
}

// KEDA makes an autoscaler for a ScaledObject, by which the service is discovered, and asks
// the scaler on a port of its own with the certificate of the API.
func TestRunServesKEDA(t *testing.T) {
	s := start(t, func(s *system) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s.kedaPort = listener.Addr().(*net.TCPAddr).Port
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
		cart := fakekube.Autoscaler("shop", "cart")
		cart.Spec.Metrics[0].External.Metric = autoscalingv2.MetricIdentifier{
			Name:     "s0-deepscaler_desired_replicas",
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"scaledobject.keda.sh/name": "cart-scaler"}},
		}
		if err := s.kube.PutAutoscaler(cart); err != nil {
			t.Fatal(err)
		}
	})
	s.ready(t)
	verified := s.client.Transport.(*http.Transport).TLSClientConfig.Clone()
	connection, err := grpc.NewClient(net.JoinHostPort("127.0.0.1", strconv.Itoa(s.kedaPort)), grpc.WithTransportCredentials(credentials.NewTLS(verified)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	client := externalscaler.NewExternalScalerClient(connection)
	ref := &externalscaler.ScaledObjectRef{Namespace: "shop", Name: "cart-scaler"}
	values, err := client.GetMetrics(t.Context(), &externalscaler.GetMetricsRequest{ScaledObjectRef: ref, MetricName: "deepscaler_desired_replicas"}, grpc.WaitForReady(true))
	if err != nil || len(values.MetricValues) != 1 || values.MetricValues[0].MetricValue < 1 {
		t.Errorf("metric %v, %v", values, err)
	}
	if active, err := client.IsActive(t.Context(), ref); err != nil || !active.Result {
		t.Errorf("active %v, %v", active, err)
	}
}

// Whoever may not read a metric gets 403, and the server behind is not asked.
func TestRunDelegatesOtherMetrics(t *testing.T) {
	var asked atomic.Int64
	other := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"kind":"ExternalMetricValueList","apiVersion":"external.metrics.k8s.io/v1beta1","items":[{"metricName":"lag","value":"7","timestamp":null,"metricLabels":{}}]}`)
	}))
	t.Cleanup(other.Close)
	s := start(t, func(s *system) {
		ca := write(t, t.TempDir(), "ca.crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: other.Certificate().Raw})))
		s.more = fmt.Sprintf("delegate: {url: %q, caFile: %q}\n", other.URL, ca)
	})
	s.ready(t)
	const lag = api + "/namespaces/shop/lag"
	for _, token := range []string{"nobody", "hpa", ""} {
		if code, body := s.get(t, token, lag); code != http.StatusForbidden && code != http.StatusUnauthorized {
			t.Errorf("%q: %d %s", token, code, body)
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("asked %d times for callers without rights", n)
	}
	var list v1beta1.ExternalMetricValueList
	s.decode(t, lag, &list)
	if len(list.Items) != 1 || list.Items[0].Value.Value() != 7 || asked.Load() != 1 {
		t.Errorf("%+v, asked %d times", list, asked.Load())
	}
	s.decode(t, webValue, &list)
	if len(list.Items) != 1 || asked.Load() != 1 {
		t.Errorf("own metric: %+v, asked %d times", list, asked.Load())
	}
}
