package manifests_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/deepscaler/deepscaler/hack/controlplane"
)

// testQueries has a real Prometheus parse every expression of the alerts, the dashboard
// and the cluster without a mesh, and looks their metrics up in the code of adapter and learner.
func (s *site) testQueries(t *testing.T) {
	prometheus, err := s.cluster.StartPrometheus(t.Context(), controlplane.PrometheusOptions{})
	if err != nil {
		t.Fatal(err)
	}
	queries := append(s.alertQueries(t), dashboardQueries(t)...)
	queries = append(queries, packetQuery(t))
	if len(queries) < 15 {
		t.Errorf("found only the queries %q", queries)
	}
	exported := exportedMetrics(t)
	for _, query := range append(queries, "sum(") {
		if err := parse(t, prometheus.URL(), query); (err != nil) != (query == "sum(") {
			t.Errorf("%s: %v", query, err)
		}
		for _, name := range metricName.FindAllString(query, -1) {
			name = strings.TrimSuffix(name, "_bucket")
			if !exported[name] {
				t.Errorf("%s: neither adapter nor learner exports %s", query, name)
			}
		}
	}
}

var metricName = regexp.MustCompile(`deepscaler_[a-z_]+`)

func (s *site) alertQueries(t *testing.T) []string {
	t.Helper()
	_, objects := s.render(t, "overlays/prometheus-operator")
	groups, _, err := unstructured.NestedSlice(find(t, objects, "PrometheusRule", deployed).Object, "spec", "groups")
	if err != nil {
		t.Fatal(err)
	}
	var queries []string
	for _, group := range groups {
		rules, _, err := unstructured.NestedSlice(group.(map[string]any), "rules")
		if err != nil {
			t.Fatal(err)
		}
		for _, rule := range rules {
			queries = append(queries, rule.(map[string]any)["expr"].(string))
		}
	}
	return queries
}

func dashboardQueries(t *testing.T) []string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "manifests/components/grafana-dashboard/deepscaler.json"))
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(content, &dashboard); err != nil {
		t.Fatal(err)
	}
	var queries []string
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			// Grafana replaces its variables before it asks.
			queries = append(queries, strings.ReplaceAll(target.Expr, "$__rate_interval", "1m"))
		}
	}
	return queries
}

// exportedMetrics reads the names from the source, because a vector without
// observations exports nothing that could be asked for.
func exportedMetrics(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "adapter/selfmetrics/*.go"))
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, filepath.Join(root, "learner/sidecar/metrics.go"))
	names := map[string]bool{}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, quoted := range regexp.MustCompile(`"deepscaler_[a-z_]+"`).FindAllString(string(source), -1) {
			names[strings.Trim(quoted, `"`)] = true
		}
	}
	return names
}

func parse(t *testing.T, prometheus, query string) error {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, prometheus+"/api/v1/query?query="+url.QueryEscape(query), nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d: %s", response.StatusCode, body)
	}
	return nil
}
