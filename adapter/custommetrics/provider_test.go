package custommetrics_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	testclock "k8s.io/utils/clock/testing"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"

	"github.com/deepscaler/deepscaler/adapter/custommetrics"
	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/externalmetrics"
	"github.com/deepscaler/deepscaler/adapter/tick"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
)

const step = 30 * time.Second

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func service(name, apiVersion, kind string) discovery.Service {
	return discovery.Service{
		Service: estimator.Service{Namespace: "shop", Name: name}, Application: "shop", Bounds: plan.Bounds{Min: 1, Max: 100},
		Target: autoscalingv2.CrossVersionObjectReference{APIVersion: apiVersion, Kind: kind, Name: name},
	}
}

// board has a plan for a Deployment, a StatefulSet and a Rollout of shop, and none for
// the application late.
func board(t *testing.T) *externalmetrics.Board {
	t.Helper()
	services := []discovery.Service{service("cart", "apps/v1", "Deployment"), service("db", "apps/v1", "StatefulSet"), service("web", "argoproj.io/v1alpha1", "Rollout")}
	late := discovery.Service{Service: estimator.Service{Namespace: "late", Name: "pay"}, Application: "late", Target: services[0].Target}
	forecast := estimator.NewForecast(nil, 1, step)
	bounds := map[estimator.Service]plan.Bounds{}
	for i, s := range services {
		forecast.Services = append(forecast.Services, s.Service)
		forecast.Replicas = append(forecast.Replicas, float64(i)+1.5)
		bounds[s.Service] = s.Bounds
	}
	made, err := plan.Make(plan.DefaultConfig(), forecast, bounds, plan.Observed{}, noon.Add(-time.Second))
	if err != nil {
		t.Fatal(err)
	}
	b := externalmetrics.NewBoard(testclock.NewFakePassiveClock(noon), step)
	b.Assign([]discovery.Application{{Name: "late", Services: []discovery.Service{late}}, {Name: "shop", Services: services}})
	b.Publish(tick.Result{Application: "shop", Plan: made, At: noon})
	return b
}

func info(group, resource string) provider.CustomMetricInfo {
	return provider.CustomMetricInfo{GroupResource: schema.GroupResource{Group: group, Resource: resource}, Namespaced: true, Metric: discovery.Metric}
}

func selector(t *testing.T, text string) labels.Selector {
	t.Helper()
	s, err := labels.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func code(err error) int {
	if status := apierrors.APIStatus(nil); errors.As(err, &status) {
		return int(status.Status().Code)
	}
	return http.StatusOK
}

func TestGetMetricByName(t *testing.T) {
	wrong := info("apps", "deployments")
	wrong.Metric = "requests"
	for name, c := range map[string]struct {
		namespace, name string
		info            provider.CustomMetricInfo
		selector        string
		code            int
		want            int64
	}{
		"deployment":                     {"shop", "cart", info("apps", "deployments"), "", http.StatusOK, 2},
		"stateful set":                   {"shop", "db", info("apps", "statefulsets"), "", http.StatusOK, 3},
		"custom kind":                    {"shop", "web", info("argoproj.io", "rollouts"), "", http.StatusOK, 4},
		"its own labels":                 {"shop", "cart", info("apps", "deployments"), "service=cart,application=shop", http.StatusOK, 2},
		"the labels of another":          {"shop", "cart", info("apps", "deployments"), "service=web", http.StatusNotFound, 0},
		"another kind of the same name":  {"shop", "cart", info("apps", "statefulsets"), "", http.StatusNotFound, 0},
		"another group of the same kind": {"shop", "cart", info("extensions", "deployments"), "", http.StatusNotFound, 0},
		"no autoscaler":                  {"shop", "nobody", info("apps", "deployments"), "", http.StatusNotFound, 0},
		"another namespace":              {"late", "cart", info("apps", "deployments"), "", http.StatusNotFound, 0},
		"no plan yet":                    {"late", "pay", info("apps", "deployments"), "", http.StatusServiceUnavailable, 0},
		"another metric":                 {"shop", "cart", wrong, "", http.StatusNotFound, 0},
	} {
		var observed []int
		p := custommetrics.NewProvider(board(t), func(code int) { observed = append(observed, code) })
		value, err := p.GetMetricByName(t.Context(), types.NamespacedName{Namespace: c.namespace, Name: c.name}, c.info, selector(t, c.selector))
		if code(err) != c.code || !cmp.Equal(observed, []int{c.code}) {
			t.Errorf("%s: error %v, observed %v, want code %d", name, err, observed, c.code)
			continue
		}
		if err != nil {
			continue
		}
		if value.Value.Value() != c.want || !value.Timestamp.Time.Equal(noon.Add(-time.Second)) || *value.WindowSeconds != 30 ||
			value.DescribedObject.Name != c.name || value.Metric.Name != discovery.Metric {
			t.Errorf("%s: %+v, want %d from the plan of a second ago", name, value, c.want)
		}
	}
}

func TestGetMetricBySelector(t *testing.T) {
	p := custommetrics.NewProvider(board(t), nil)
	list, err := p.GetMetricBySelector(t.Context(), "shop", labels.Everything(), info("apps", "deployments"), labels.Everything())
	if err != nil || len(list.Items) != 1 || list.Items[0].DescribedObject.Name != "cart" {
		t.Errorf("all deployments: %+v, %v", list, err)
	}
	if _, err := p.GetMetricBySelector(t.Context(), "shop", selector(t, "app=cart"), info("apps", "deployments"), labels.Everything()); code(err) != http.StatusBadRequest {
		t.Errorf("by labels of the objects: %v, want a bad request", err)
	}
	if _, err := p.GetMetricBySelector(t.Context(), "late", labels.Everything(), info("apps", "deployments"), labels.Everything()); code(err) != http.StatusServiceUnavailable {
		t.Errorf("one without a number: %v, want unavailable", err)
	}
}

func TestListAllMetrics(t *testing.T) {
	want := []provider.CustomMetricInfo{info("apps", "deployments"), info("argoproj.io", "rollouts"), info("apps", "statefulsets")}
	if diff := cmp.Diff(want, custommetrics.NewProvider(board(t), nil).ListAllMetrics()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	empty := custommetrics.NewProvider(externalmetrics.NewBoard(testclock.NewFakePassiveClock(noon), step), nil)
	if diff := cmp.Diff(want[:1], empty.ListAllMetrics()); diff != "" {
		t.Errorf("without autoscalers (-want +got):\n%s", diff)
	}
}
