package adapter

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"

	"github.com/deepscaler/deepscaler/adapter/explain"
)

const shopMetric = "/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/deepscaler_desired_replicas"

// client returns a client for the cluster as a user sees it: the API server passes
// requests on to the adapter.
func (s *system) explainer(t *testing.T, token string) *explain.Client {
	t.Helper()
	c, err := explain.NewClient(&rest.Config{Host: s.url, BearerToken: token, Transport: s.client.Transport})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Who may read the metric may read its explanation, and nobody else.
func TestExplanationsAreAuthorisedAsTheMetric(t *testing.T) {
	s := start(t)
	s.ready(t)
	for _, c := range []struct {
		token, query string
		code         int
		text         string
	}{
		{"hpa", "?explain=true", http.StatusOK, `"estimator":"hab"`},
		{"hpa", "?explain=true&labelSelector=service%3Dweb", http.StatusOK, `"name":"web"`},
		{"hpa", "", http.StatusOK, `"kind":"ExternalMetricValueList"`},
		{"nobody", "?explain=true", http.StatusForbidden, "forbidden"},
		{"", "?explain=true", http.StatusForbidden, "forbidden"},
		{"hpa", "?explain=everything", http.StatusBadRequest, "want true or full"},
		{"hpa", "?explain=true&labelSelector=%3D%3D", http.StatusBadRequest, "labelSelector"},
		{"hpa", "?explain=true&labelSelector=service%3Dother", http.StatusNotFound, "no service of namespace"},
	} {
		code, body := s.get(t, c.token, shopMetric+c.query)
		if code != c.code || !strings.Contains(body, c.text) {
			t.Errorf("%q as %q: %d %s, want %d with %q", c.query, c.token, code, body, c.code, c.text)
		}
	}
	if code, body := s.get(t, "hpa", strings.Replace(shopMetric, "desired_replicas", "other", 1)+"?explain=true"); code == http.StatusOK {
		t.Errorf("explained another metric: %s", body)
	}
}

func TestStatus(t *testing.T) {
	s := start(t)
	s.ready(t)
	d, err := s.explainer(t, "hpa").Describe(t.Context(), explain.Query{Namespace: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range d.Services {
		got = append(got, v.Name+" by "+v.Estimator+" in "+v.Application)
	}
	if diff := cmp.Diff([]string{"cart by hab in shop", "web by hab in shop"}, got); diff != "" {
		t.Errorf("services (-want +got):\n%s", diff)
	}
	if len(d.Applications) != 1 || d.Applications[0].Name != "shop" || d.Applications[0].Planned.IsZero() {
		t.Errorf("applications are %+v", d.Applications)
	}
	if web := d.Services[1]; web.Desired == nil || *web.Desired != 5 || web.Max != 9 || web.Problem != "" {
		t.Errorf("web is %+v", web)
	}
	if _, err := s.explainer(t, "nobody").Describe(t.Context(), explain.Query{Namespace: "shop"}); err == nil || !strings.Contains(err.Error(), "deepscaler-metric-reader") {
		t.Errorf("error %v does not name the role that is missing", err)
	}
}
