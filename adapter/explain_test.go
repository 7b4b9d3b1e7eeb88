package adapter

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"

	"github.com/deepscaler/deepscaler/adapter/explain"
	"github.com/deepscaler/deepscaler/estimator/exchange"
	"github.com/deepscaler/deepscaler/estimator/model/fakemodel"
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

// Where another server has the external metrics API, the custom one explains the same,
// to those who may read the metric of the objects in question.
func TestTheCustomMetricsAPIExplains(t *testing.T) {
	s := start(t, func(s *system) {
		s.kube.User = func(token string) string { return token }
		s.kube.Allow = func(user, _, resource string) bool {
			return user == "viewer" && strings.HasSuffix(resource, "/deepscaler_desired_replicas") || user == "deployer" && resource == "deployments.apps/deepscaler_desired_replicas"
		}
	})
	s.ready(t)
	const shop, metric = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/shop/", "/deepscaler_desired_replicas"
	for _, c := range []struct {
		token, path string
		code        int
		names       []string
	}{
		{"viewer", shop + "*/*" + metric, http.StatusOK, []string{"cart", "web"}},
		{"viewer", shop + "*/web" + metric, http.StatusOK, []string{"web"}},
		{"viewer", shop + "deployments.apps/web" + metric, http.StatusOK, []string{"web"}},
		{"viewer", shop + "statefulsets.apps/web" + metric, http.StatusNotFound, nil},
		{"viewer", shop + "*/other" + metric, http.StatusNotFound, nil},
		{"deployer", shop + "deployments.apps/*" + metric, http.StatusOK, []string{"cart", "web"}},
		{"deployer", shop + "*/web" + metric, http.StatusForbidden, nil},
		{"nobody", shop + "*/web" + metric, http.StatusForbidden, nil},
		{"viewer", shopMetric, http.StatusForbidden, nil},
	} {
		code, body := s.get(t, c.token, c.path+"?explain=true")
		var d explain.Document
		if code == http.StatusOK {
			if err := json.Unmarshal([]byte(body), &d); err != nil {
				t.Fatal(err)
			}
		}
		var names []string
		for _, v := range d.Services {
			names = append(names, v.Name)
		}
		if code != c.code || !cmp.Equal(c.names, names) {
			t.Errorf("%s as %s: %d with %v, want %d with %v: %s", c.path, c.token, code, names, c.code, c.names, body)
		}
	}
	// The client finds the way by itself.
	d, err := s.explainer(t, "viewer").Describe(t.Context(), explain.Query{Namespace: "shop", Service: "web", Full: true})
	if err != nil || len(d.Services) != 1 || d.Services[0].Detail == nil {
		t.Errorf("%+v, %v", d, err)
	}
}

// describe returns explanations of a plan, which a busy machine may be late with.
func (s *system) describe(t *testing.T, q explain.Query) (d *explain.Document) {
	t.Helper()
	c := s.explainer(t, "hpa")
	eventually(t, "a plan is explained", func() bool {
		var err error
		if d, err = c.Describe(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		return !slices.ContainsFunc(d.Services, func(s explain.Service) bool { return s.Problem != "" })
	})
	return d
}

func TestStatus(t *testing.T) {
	s := start(t)
	s.ready(t)
	d := s.describe(t, explain.Query{Namespace: "shop"})
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
	if web := d.Services[1]; web.Desired == nil || *web.Desired < 3 || web.Max != 9 || web.Problem != "" {
		t.Errorf("web is %+v", web)
	}
	if _, err := s.explainer(t, "nobody").Describe(t.Context(), explain.Query{Namespace: "shop"}); err == nil || !strings.Contains(err.Error(), "deepscaler-metric-reader") || !strings.Contains(err.Error(), "cannot list resource") {
		t.Errorf("error %v does not name the right and the role that are missing", err)
	}
	if _, err := s.explainer(t, "hpa").Describe(t.Context(), explain.Query{Namespace: "shop", Service: "other"}); err == nil || !strings.Contains(err.Error(), "scaleTargetRef.name") {
		t.Errorf("error %v does not say what a service is", err)
	}
}

// A full document says in numbers and in words what the number of a service rests on.
func TestExplain(t *testing.T) {
	s := start(t)
	s.ready(t)
	m, err := fakemodel.Constant(fakemodel.Shape{Services: []string{"shop/web"}, Step: s.step, Window: 4, Horizon: 60, Hidden: 4, Blocks: 1}, 6)
	if err != nil {
		t.Fatal(err)
	}
	s.learn(t, m, "")
	if err := exchange.Dir(s.exchange).WriteStatus(&exchange.Status{Applications: []exchange.Progress{
		{Name: "shop", State: exchange.Resting, Detail: "it has been learned", Next: time.Now().Add(time.Hour)},
	}}); err != nil {
		t.Fatal(err)
	}
	var d *explain.Document
	eventually(t, "the model serves", func() bool {
		if d, err = s.explainer(t, "hpa").Describe(t.Context(), explain.Query{Namespace: "shop", Service: "web", Full: true}); err != nil {
			t.Fatal(err)
		}
		return d.Services[0].Estimator == "network"
	})
	web, a := d.Services[0], d.Applications[0]
	text := strings.Join(web.Detail.Words, "\n")
	for _, want := range []string{
		"web is to have 6 replicas", "Now 2 pods are ready", "90 % of their CPU limit", "100 requests/s", "takes 50 ms",
		"The model " + m.Hash()[:12] + " forecast the need", "queueing theory alone would say " + fmt.Sprintf("%.2f", float64(web.Detail.Theory)), "The trust in the model is 1.00 (full)", "as usual",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the words lack %q:\n%s", want, text)
		}
	}
	if a.Learning == nil || a.Learning.State != "resting" {
		t.Errorf("learning is %+v", a.Learning)
	}
	if a.Trust == nil || a.Trust.Level != "full" || len(a.Trust.Hindcasts) != 3 || len(a.Recent) == 0 || a.Model != m.Hash() {
		t.Errorf("the application is %+v", a)
	}
	if len(a.Calls) != 2 || a.Calls[0].Destination == "" {
		t.Errorf("calls are %+v", a.Calls)
	}
	if n := len(web.Detail.Horizon); n != 60 || web.Detail.Horizon[0].Need != 6 || len(web.Detail.Horizon[0].Quantiles) != 3 || len(web.Detail.Inputs) != 5 {
		t.Errorf("%d steps ahead, the first %+v, from %d inputs", n, web.Detail.Horizon[0], len(web.Detail.Inputs))
	}
	if names := []string{web.Detail.Neighbours[0].Name, web.Detail.Neighbours[1].Name}; !cmp.Equal(names, []string{"web", "cart"}) {
		t.Errorf("neighbours are %+v", web.Detail.Neighbours)
	}
	if d, err = s.explainer(t, "hpa").Describe(t.Context(), explain.Query{Namespace: "shop", Full: true}); err != nil || len(d.Services) != 2 || d.Services[1].Detail.Neighbours != nil {
		t.Errorf("all services: %v, %+v", err, d)
	}
}
