package manifests_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/dynamic"

	"github.com/deepscaler/deepscaler/adapter/check"
	"github.com/deepscaler/deepscaler/adapter/explain"
	"github.com/deepscaler/deepscaler/adapter/registration"
)

// testCheck looks at the cluster after the installation of the base. Pods are there,
// but no program runs in them, and no autoscaler follows the metric.
func (s *site) testCheck(t *testing.T) {
	apis, err := dynamic.NewForConfig(s.cluster.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	adapter, err := explain.NewClient(s.cluster.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	checker := &check.Checker{
		Client: s.client, Adapter: adapter, Namespace: system, Now: time.Now,
		APIs: func(ctx context.Context) ([]registration.API, error) { return registration.Lookup(ctx, apis) },
	}
	r := checker.Check(t.Context(), "default")
	var out bytes.Buffer
	if err := r.Write(&out); err != nil {
		t.Fatal(err)
	}
	t.Log(out.String())
	for _, want := range []struct {
		section, name string
		status        check.Status
		detail        string
	}{
		{"rights", "list pods", check.OK, "you may"},
		{"apis", apiService, check.Failed, "leads to DeepScaler (deepscaler-system/deepscaler-adapter), but is not available"},
		{"adapter", deployed, check.OK, "ready"},
		{"plan", "metric", check.Failed, "ask the adapter"},
		{"prometheus", "address", check.OK, "http://prometheus-operated.monitoring.svc:9090, preset istio"},
		{"autoscalers", "horizontalpodautoscalers", check.Failed, "none follows"},
	} {
		found := false
		for _, i := range r.Items {
			found = found || i.Section == want.section && strings.HasPrefix(i.Name, want.name) && i.Status == want.status && strings.Contains(i.Detail, want.detail)
		}
		if !found {
			t.Errorf("the report lacks %s %s, %s with %q", want.section, want.name, want.status, want.detail)
		}
	}
}
