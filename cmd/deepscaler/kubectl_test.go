package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPluginHasTheCommandsOfClustersOnly(t *testing.T) {
	for _, name := range []string{"/usr/local/bin/kubectl-deepscaler", "kubectl-deepscaler.exe"} {
		plugin := newCommand(name)
		if _, _, err := plugin.Find([]string{"status"}); err != nil {
			t.Errorf("%s lacks status: %v", name, err)
		}
		if c, _, err := plugin.Find([]string{"train"}); err == nil && c != plugin {
			t.Errorf("%s has train", name)
		}
	}
	for _, name := range []string{"status", "train"} {
		if c, _, err := newCommand("/deepscaler").Find([]string{name}); err != nil || c.Name() != name {
			t.Errorf("deepscaler lacks %s: %v", name, err)
		}
	}
}

// apiServer answers a path and writes a kubeconfig for itself.
func apiServer(t *testing.T, path, body string) string {
	t.Helper()
	return apiServerOf(t, map[string]string{path: body})
}

// apiServerOf answers paths, not found for others, and writes a kubeconfig for itself.
func apiServerOf(t *testing.T, bodies map[string]string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		body, known := bodies[r.URL.Path]
		if !known {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		fmt.Fprint(w, body)
	}))
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "kubeconfig")
	content := fmt.Sprintf("apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: %q}}]\ncontexts: [{name: c, context: {cluster: c, namespace: shop}}]\ncurrent-context: c\n", server.URL)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

const shopMetric = "/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/deepscaler_desired_replicas"

func TestStatus(t *testing.T) {
	file := apiServer(t, shopMetric, `{"now":"2026-05-01T12:00:03Z","applications":[{"name":"shop","planned":"2026-05-01T12:00:00Z","model":"0123456789abcdef","trust":{"value":0.5,"level":"cautious"},"learning":{"state":"resting","next":"2026-05-01T13:00:03Z"}}],
"services":[{"namespace":"shop","name":"cart","desired":4,"need":3.25,"ready":3,"min":1,"max":9,"estimator":"network"},
{"namespace":"shop","name":"web","desired":null,"need":null,"ready":null,"min":1,"max":9,"problem":"no forecast"}]}`)
	out, err := execute(t, "status", "--kubeconfig", file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"shop", "3s ago", "0123456789ab ", "0.50 cautious  resting, next in 1h0m0s", "shop/cart  3      4        3.25  1-9     network", "shop/web   -      -        -     1-9     -          no forecast"} {
		if !strings.Contains(out, want) {
			t.Errorf("status lacks %q:\n%s", want, out)
		}
	}
	if out, err = execute(t, "status", "--kubeconfig", file, "--output", "json"); err != nil || !strings.Contains(out, `"need": 3.25`) {
		t.Errorf("as JSON: %v\n%s", err, out)
	}
}

// What else may answer is told apart.
func TestStatusNeedsDeepScaler(t *testing.T) {
	for name, c := range map[string]struct{ path, body, want string }{
		"another adapter":      {shopMetric, `{"kind":"ExternalMetricValueList","items":[]}`, "a program without explanations"},
		"no adapter":           {"/elsewhere", "", "custom.metrics.k8s.io is not registered"},
		"a page of a gateway":  {shopMetric, "<html>", "no JSON"},
		"an unreadable answer": {shopMetric, `{"services":3}`, "read the answer"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := execute(t, "status", "--kubeconfig", apiServer(t, c.path, c.body)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
		})
	}
	if _, err := execute(t, "status", "--output", "yaml"); err == nil || !strings.Contains(err.Error(), "--output") {
		t.Errorf("error %v for a format that does not exist", err)
	}
}

// Beside KEDA, which answers with an error for a metric that it does not know, the custom
// metrics API explains as well.
func TestExplainBesideKEDA(t *testing.T) {
	const cart = `{"step":"15s","services":[{"namespace":"shop","name":"cart","desired":4,"detail":{"words":["cart is to have 4 replicas."]}}]}`
	for name, keda := range map[string]string{
		"with an error": `{"kind":"Status","status":"Failure","message":"no matching metrics found","code":404}`,
		"with a list":   `{"kind":"ExternalMetricValueList","items":[]}`,
	} {
		t.Run(name, func(t *testing.T) {
			file := apiServerOf(t, map[string]string{
				shopMetric: keda,
				"/apis/custom.metrics.k8s.io/v1beta2/namespaces/shop/*/cart/deepscaler_desired_replicas": cart,
				"/apis/custom.metrics.k8s.io/v1beta2/namespaces/shop/*/*/deepscaler_desired_replicas":    cart,
			})
			for _, args := range [][]string{{"explain", "cart"}, {"status"}} {
				if out, err := execute(t, append(args, "--kubeconfig", file)...); err != nil || !strings.Contains(out, "cart") {
					t.Errorf("%v: %v\n%s", args, err, out)
				}
			}
		})
	}
}

func TestExplain(t *testing.T) {
	file := apiServer(t, shopMetric, `{"step":"15s","services":[{"namespace":"shop","name":"cart","desired":4,"detail":{
"levels":[0.8],"horizon":[{"need":3.25,"theory":3,"quantiles":[3.5]},{"need":null,"theory":null,"quantiles":[null]}],"words":["cart is to have 4 replicas."]}}]}`)
	out, err := execute(t, "explain", "cart", "--kubeconfig", file)
	if err != nil {
		t.Fatal(err)
	}
	want := "cart is to have 4 replicas.\n\nIN   NEED  THEORY  Q80\n15s  3.25  3.00    3.50\n30s  -     -       -\n"
	if out != want {
		t.Errorf("explanation is\n%s\nwant\n%s", out, want)
	}
	if _, err := execute(t, "explain", "--kubeconfig", file); err == nil {
		t.Error("explained no service")
	}
	if out, err = execute(t, "explain", "cart", "--kubeconfig", apiServer(t, shopMetric, `{"services":[{"name":"cart","desired":null,"problem":"application has no plan yet"}]}`)); err != nil || !strings.Contains(out, "has no plan yet") {
		t.Errorf("before the first plan: %q, %v", out, err)
	}
}

// What the API server answers is the whole input; without rights to see who owns the
// APIs, the user has to say.
func TestHPA(t *testing.T) {
	file := apiServer(t, "/apis/apps/v1/namespaces/shop/deployments", `{"kind":"DeploymentList","apiVersion":"apps/v1","items":[]}`)
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"an unknown API":     {[]string{"--api", "both"}, "want external, custom or auto"},
		"no rights":          {[]string{"--api", "external"}, "list statefulsets"},
		"a short history":    {[]string{"--api", "external", "--prometheus-url", "http://localhost:9", "--history", "1m"}, "at least 1h"},
		"no such Prometheus": {[]string{"--api", "custom", "--prometheus-url", "localhost:9090"}, "prometheus.url"},
		"no such preset":     {[]string{"--api", "custom", "--prometheus-url", "http://localhost:9", "--preset", "envoy"}, "envoy"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := execute(t, append([]string{"hpa", "--kubeconfig", file}, c.args...)...)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it\n%s", err, c.want, out)
			}
		})
	}
}

// A cluster without anything fails the check, and everything is reported all the same.
func TestCheckCommand(t *testing.T) {
	file := apiServer(t, "/elsewhere", "")
	out, err := execute(t, "check", "--kubeconfig", file)
	if err == nil || !strings.Contains(err.Error(), "checks failed") {
		t.Errorf("error %v, want a count of failed checks", err)
	}
	for _, want := range []string{"none leads to DeepScaler", "give --prometheus-url", "namespace shop:"} {
		if !strings.Contains(out, want) {
			t.Errorf("the report lacks %q:\n%s", want, out)
		}
	}
	if out, err = execute(t, "check", "--kubeconfig", file, "-o", "json"); err == nil || !strings.Contains(out, `"status": "failed"`) {
		t.Errorf("as JSON: %v\n%s", err, out)
	}
	for flag, value := range map[string]string{"--output": "yaml", "--config": "/nonexistent.yaml"} {
		if _, err := execute(t, "check", "--kubeconfig", file, flag, value); err == nil || !strings.Contains(err.Error(), value) {
			t.Errorf("error %v for %s %s", err, flag, value)
		}
	}
}

// Front runs in zone a and calls cart, which runs in zone b.
func TestPlacement(t *testing.T) {
	const metrics = "/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/"
	pod := func(name, node string) string {
		return fmt.Sprintf(`{"metadata":{"namespace":"shop","name":"%[1]s-0","labels":{"app":%[1]q},"ownerReferences":[{"kind":"StatefulSet","name":%[1]q,"controller":true}]},"spec":{"nodeName":%[2]q}}`, name, node)
	}
	node := func(name, zone string) string {
		return fmt.Sprintf(`{"metadata":{"name":%q,"labels":{"topology.kubernetes.io/zone":%q}},"status":{"allocatable":{"cpu":"4","memory":"8Gi","pods":"110"}}}`, name, zone)
	}
	bodies := map[string]string{
		shopMetric:                         `{"items":[{"metricLabels":{"application":"shop","service":"cart"},"value":"1"}]}`,
		metrics + "deepscaler_call_rate":   `{"items":[{"metricLabels":{"application":"shop","source":"shop/front","destination":"shop/cart"},"value":"30"}]}`,
		"/api/v1/nodes":                    `{"kind":"NodeList","apiVersion":"v1","items":[` + node("a1", "a") + "," + node("b1", "b") + `]}`,
		"/api/v1/pods":                     `{"kind":"PodList","apiVersion":"v1","items":[` + pod("front", "a1") + "," + pod("cart", "b1") + `]}`,
		"/api/v1/namespaces/shop/services": `{"kind":"ServiceList","apiVersion":"v1","items":[{"metadata":{"name":"cart"},"spec":{"clusterIP":"10.0.0.1","selector":{"app":"cart"},"trafficDistribution":"PreferSameZone"}}]}`,
	}
	file := apiServerOf(t, bodies)
	out, err := execute(t, "placement", "--kubeconfig", file)
	if err != nil || !strings.Contains(out, "shop/cart   30.00    PreferSameZone        1.00 → 0.00") {
		t.Errorf("report of two services, %v:\n%s", err, out)
	}
	if out, err = execute(t, "placement", "--kubeconfig", file, "--service", "cart", "--output", "json"); err != nil || !strings.Contains(out, `"trafficDistribution": "PreferSameZone"`) || strings.Contains(out, `"name": "front"`) {
		t.Errorf("as JSON: %v\n%s", err, out)
	}
	if _, err := execute(t, "placement", "--kubeconfig", apiServer(t, "/elsewhere", "")); err == nil || !strings.Contains(err.Error(), "kubectl deepscaler check -n shop") {
		t.Errorf("error %v without an adapter, want what to do", err)
	}
	if _, err := execute(t, "placement", "--output", "yaml"); err == nil || !strings.Contains(err.Error(), "--output") {
		t.Errorf("error %v for a format that does not exist", err)
	}
}
