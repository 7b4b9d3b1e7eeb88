package check_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	k8stesting "k8s.io/client-go/testing"

	"github.com/deepscaler/deepscaler/adapter/check"
	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/explain"
	"github.com/deepscaler/deepscaler/adapter/internal/fakekube"
	"github.com/deepscaler/deepscaler/adapter/internal/fakeprometheus"
	"github.com/deepscaler/deepscaler/adapter/registration"
	"github.com/deepscaler/deepscaler/estimator"
)

const shop, system = "shop", "deepscaler-system"

// adapter answers with a document or an error.
type adapter struct {
	document explain.Document
	err      error
}

func (a *adapter) Describe(context.Context, explain.Query) (*explain.Document, error) {
	return &a.document, a.err
}

// cluster is what a checker sees; tests change it before the check.
type cluster struct {
	objects    []runtime.Object
	apis       []registration.API
	apisErr    error
	adapter    adapter
	telemetry  []estimator.Service
	broken     bool // Prometheus
	denied     string
	url        string // of Prometheus in the configuration; that of the fake if empty
	flag       bool   // --prometheus-url is given
	unreadable bool   // there is no configuration
}

var now = time.Now()

func api(name string, way discovery.Way, owner string, available bool) registration.API {
	a := registration.API{Name: name, Way: way, Available: available, Reason: "no endpoints"}
	if owner != "" {
		a.Service = types.NamespacedName{Namespace: owner, Name: "server"}
		a.Ours = owner == system
	}
	return a
}

func workload(name string) *appsv1.Deployment {
	return &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: shop, Name: name}}
}

func pod(name string, ready corev1.ConditionStatus) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: system, Name: name, Labels: map[string]string{"app.kubernetes.io/name": "deepscaler-adapter"}},
		Status:     corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: ready, Message: "probe failed"}}},
	}
}

// healthy is a cluster in which nothing is wrong.
func healthy() *cluster {
	return &cluster{
		objects: []runtime.Object{
			workload("cart"), workload("web"), fakekube.Autoscaler(shop, "cart"), fakekube.Autoscaler(shop, "web"),
			pod("a", corev1.ConditionTrue), pod("b", corev1.ConditionTrue),
		},
		apis: []registration.API{
			api("v1beta1.external.metrics.k8s.io", discovery.External, system, true),
			api("v1beta2.custom.metrics.k8s.io", discovery.Object, "", false),
		},
		adapter: adapter{document: explain.Document{
			Now: now, Step: explain.Duration(15 * time.Second),
			Applications: []explain.Application{{Name: shop, Planned: now.Add(-3 * time.Second)}},
			Services:     []explain.Service{{Name: "cart", Desired: new(2), Estimator: "hab"}, {Name: "web", Desired: new(3), Estimator: "hab"}},
		}},
		telemetry: []estimator.Service{{Namespace: shop, Name: "cart"}, {Namespace: shop, Name: "web"}},
	}
}

func (c *cluster) check(t *testing.T) *check.Report {
	t.Helper()
	server := fakeprometheus.New(c.telemetry)
	t.Cleanup(server.Close)
	if c.broken {
		server.Set(fakeprometheus.Broken)
	}
	url := server.URL
	if c.url != "" {
		url = c.url
	}
	if !c.unreadable {
		c.objects = append(c.objects,
			&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: system, Name: "config-hash"}, Data: map[string]string{"config.yaml": "apiVersion: config.deepscaler.io/v1alpha1\n" +
				"kind: AdapterConfiguration\ntelemetry: {prometheus: {url: '" + url + "'}}\n"}},
			&appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: system, Name: "deepscaler-adapter"}, Spec: appsv1.DeploymentSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
				Volumes: []corev1.Volume{{VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: corev1.LocalObjectReference{Name: "config-hash"}}}}},
			}}}})
	}
	client := fake.NewClientset(c.objects...)
	client.PrependReactor("create", "selfsubjectaccessreviews", func(a k8stesting.Action) (bool, runtime.Object, error) {
		review := a.(k8stesting.CreateAction).GetObject().(*authorizationv1.SelfSubjectAccessReview)
		review.Status.Allowed = review.Spec.ResourceAttributes.Resource != c.denied
		return true, review, nil
	})
	client.PrependReactor("*", "*", func(a k8stesting.Action) (bool, runtime.Object, error) {
		if a.GetResource().Resource != c.denied {
			return false, nil, nil
		}
		return true, nil, apierrors.NewForbidden(schema.GroupResource{Resource: c.denied}, "", errors.New("no right"))
	})
	checker := &check.Checker{
		Client: client, Adapter: &c.adapter, Namespace: system, Now: func() time.Time { return now },
		APIs: func(context.Context) ([]registration.API, error) { return c.apis, c.apisErr },
	}
	if c.flag {
		checker.PrometheusURL = server.URL
	}
	return checker.Check(t.Context(), shop)
}

func TestHealthy(t *testing.T) {
	r := healthy().check(t)
	for _, i := range r.Items {
		if i.Status != check.OK {
			t.Errorf("%+v", i)
		}
	}
	for _, section := range []string{"rights", "apis", "adapter", "plan", "prometheus", "telemetry", "calls", "autoscalers"} {
		if find(r, section, "") == nil {
			t.Errorf("section %s is empty", section)
		}
	}
	cart := find(r, "telemetry", "cart")
	if cart == nil || len(cart.Features) != 5 {
		t.Fatalf("telemetry of cart is %+v, want 5 features", cart)
	}
	for _, f := range cart.Features {
		if f.AgeSeconds == nil || *f.AgeSeconds < 0 || *f.AgeSeconds > 15 || len(f.Source) == 0 {
			t.Errorf("%+v, want an age within a step and a source", f)
		}
	}
}

// find returns the first item of a section with the name, or with any if it is empty.
func find(r *check.Report, section, name string) *check.Item {
	for n := range r.Items {
		if i := &r.Items[n]; i.Section == section && (name == "" || i.Name == name) {
			return i
		}
	}
	return nil
}

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		change        func(*cluster)
		section, item string
		status        check.Status
		detail        string
	}{
		"an API is not available": {func(c *cluster) { c.apis[0].Available = false }, "apis", "v1beta1.external.metrics.k8s.io", check.Failed, "no endpoints"},
		"an API of others": {func(c *cluster) {
			c.apis[1] = api("v1beta2.custom.metrics.k8s.io", discovery.Object, "monitoring", true)
		}, "apis", "v1beta2.custom.metrics.k8s.io", check.OK, "belongs to monitoring/server"},
		"no API leads to us":        {func(c *cluster) { c.apis[0] = api("v1beta1.external.metrics.k8s.io", discovery.External, "keda", true) }, "apis", "metrics APIs", check.Failed, "none leads"},
		"an autoscaler asks KEDA":   {func(c *cluster) { c.apis[0] = api("v1beta1.external.metrics.k8s.io", discovery.External, "keda", true) }, "autoscalers", "cart", check.Failed, "belongs to keda/server"},
		"no right to read APIs":     {func(c *cluster) { c.apisErr = errors.New("no right") }, "apis", "metrics APIs", check.Unknown, "no right"},
		"no right to list pods":     {func(c *cluster) { c.denied = "pods" }, "adapter", "pods", check.Unknown, "no right"},
		"it is reported as a right": {func(c *cluster) { c.denied = "pods" }, "rights", "list pods", check.Warning, "you may not"},
		"no right to read HPAs":     {func(c *cluster) { c.denied = "horizontalpodautoscalers" }, "autoscalers", "horizontalpodautoscalers", check.Unknown, "no right"},
		"a pod is not ready":        {func(c *cluster) { c.objects[5] = pod("b", corev1.ConditionFalse) }, "adapter", "b", check.Warning, "probe failed"},
		"no pod is ready":           {func(c *cluster) { c.objects[4], c.objects[5] = pod("a", "False"), pod("b", "False") }, "adapter", "pods", check.Failed, "none of 2"},
		"no pods":                   {func(c *cluster) { c.objects = c.objects[:4] }, "adapter", "pods", check.Failed, "there are none"},
		"the metric fails":          {func(c *cluster) { c.adapter.err = errors.New("service unavailable") }, "plan", "metric", check.Failed, "service unavailable"},
		"the metric is forbidden": {func(c *cluster) {
			c.adapter.err = &apierrors.StatusError{ErrStatus: metav1.Status{Reason: metav1.StatusReasonForbidden, Code: http.StatusForbidden, Message: "forbidden"}}
		}, "plan", "metric", check.Unknown, "forbidden"},
		"a tick failed":         {func(c *cluster) { c.adapter.document.Applications[0].Problem = "cpu: no data" }, "plan", "application shop", check.Failed, "cpu: no data"},
		"plans are late":        {func(c *cluster) { c.adapter.document.Applications[0].Planned = now.Add(-time.Minute) }, "plan", "application shop", check.Failed, "1m0s old"},
		"no plan yet":           {func(c *cluster) { c.adapter.document.Applications[0].Planned = time.Time{} }, "plan", "application shop", check.Failed, "no plan yet"},
		"a service has no plan": {func(c *cluster) { c.adapter.document.Services[0].Problem = "no forecast" }, "plan", "cart", check.Failed, "no forecast"},
		"a service in shadow":   {func(c *cluster) { c.adapter.document.Services[0].Served = new(1) }, "plan", "cart", check.OK, "in shadow"},
		"nothing is planned":    {func(c *cluster) { c.adapter.document.Services = nil }, "plan", "metric", check.Failed, "plans no service"},
		"no configuration":      {func(c *cluster) { c.unreadable = true }, "prometheus", "address", check.Unknown, "not found"},
		"a URL instead":         {func(c *cluster) { c.unreadable, c.flag = true, true }, "telemetry", "window", check.OK, "2 workloads"},
		"a forwarded port":      {func(c *cluster) { c.url, c.flag = "http://prometheus.invalid:9090", true }, "telemetry", "window", check.OK, "2 workloads"},
		"out of reach":          {func(c *cluster) { c.url = "http://127.0.0.1:1" }, "telemetry", "window", check.Unknown, "cannot be read from here"},
		"Prometheus is broken":  {func(c *cluster) { c.broken, c.flag = true, true }, "telemetry", "window", check.Failed, "failed to answer"},
		"no telemetry at all":   {func(c *cluster) { c.telemetry = nil }, "telemetry", "cpu", check.Failed, "no data"},
		"none of one":           {func(c *cluster) { c.telemetry = c.telemetry[:1] }, "telemetry", "web", check.Failed, "requests missing"},
		"none of a bystander":   {func(c *cluster) { c.objects = append(c.objects, workload("loadgenerator")) }, "telemetry", "loadgenerator", check.Warning, "requests missing"},
		"a bystander":           {func(c *cluster) { c.objects = append(c.objects, workload("loadgenerator")) }, "autoscalers", "loadgenerator", check.Warning, "no part of the joint estimate"},
		"a call graph":          {func(c *cluster) { c.objects = append(c.objects, workload("loadgenerator")) }, "calls", "call graph", check.OK, "without any call: loadgenerator"},
		"no call graph":         {func(c *cluster) { c.telemetry = nil }, "calls", "call graph", check.Warning, "unknown"},
		"no autoscalers":        {func(c *cluster) { c.objects = append(c.objects[:2:2], c.objects[4:]...) }, "autoscalers", "horizontalpodautoscalers", check.Failed, "none follows"},
		"an autoscaler with a fault": {func(c *cluster) {
			c.objects[2].(*autoscalingv2.HorizontalPodAutoscaler).Spec.Metrics[0].External.Metric.Selector = nil
		}, "autoscalers", "cart", check.Failed, "MissingSelector"},
		"an autoscaler that holds": {func(c *cluster) {
			c.objects[2].(*autoscalingv2.HorizontalPodAutoscaler).Status.Conditions = []autoscalingv2.HorizontalPodAutoscalerCondition{
				{Type: autoscalingv2.ScalingActive, Status: corev1.ConditionFalse, Reason: "FailedGetExternalMetric", Message: "no plan"}}
		}, "autoscalers", "cart", check.Warning, "FailedGetExternalMetric"},
	} {
		t.Run(name, func(t *testing.T) {
			site := healthy()
			c.change(site)
			r := site.check(t)
			i := find(r, c.section, c.item)
			if i == nil || i.Status != c.status || !strings.Contains(i.Detail, c.detail) {
				var out bytes.Buffer
				_ = r.Write(&out)
				t.Errorf("%s %s is %+v, want %s with %q\n%s", c.section, c.item, i, c.status, c.detail, &out)
			}
		})
	}
}

// The hint below an error is the remedy, so a row has one line.
func TestHintsAreRemedies(t *testing.T) {
	site := healthy()
	site.adapter.err = errors.New("service unavailable\nsee the APIService")
	if i := find(site.check(t), "plan", "metric"); i == nil || i.Detail != "service unavailable" || i.Remedy != "see the APIService" {
		t.Errorf("%+v", i)
	}
}

func TestWrite(t *testing.T) {
	r := healthy().check(t)
	r.Items = append(r.Items, check.Item{Section: "apis", Name: "x", Status: check.Failed, Detail: "is gone", Remedy: "bring it back"})
	var out bytes.Buffer
	if err := r.Write(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"STATUS", "failed  apis", "→ bring it back", "0 warnings, 1 failed, 0 unknown"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, &out)
		}
	}
	text, err := json.Marshal(r)
	if err != nil || !strings.Contains(string(text), `"ageSeconds":`) || !strings.Contains(string(text), `"istio_requests_total"`) {
		t.Errorf("as JSON (%v): %s", err, text)
	}
}
