package hpagenerator_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	k8stesting "k8s.io/client-go/testing"
	"sigs.k8s.io/yaml"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/hpagenerator"
	"github.com/deepscaler/deepscaler/estimator"
)

const namespace = "shop"

func meta(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: namespace, Name: name} }

func deployment(name string, replicas int32, change ...func(*appsv1.Deployment)) *appsv1.Deployment {
	d := &appsv1.Deployment{ObjectMeta: meta(name), Spec: appsv1.DeploymentSpec{Replicas: &replicas}}
	for _, f := range change {
		f(d)
	}
	return d
}

func controlledBy(m *metav1.ObjectMeta, kind, name string) {
	m.OwnerReferences = []metav1.OwnerReference{{Kind: kind, Name: name, Controller: new(true)}}
}

// onCPU returns an autoscaler of a Deployment by CPU.
func onCPU(name, target string, change ...func(*autoscalingv2.HorizontalPodAutoscaler)) *autoscalingv2.HorizontalPodAutoscaler {
	hpa := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: meta(name), Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
		ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: target},
		MinReplicas:    new(int32(2)), MaxReplicas: 7,
		Metrics: []autoscalingv2.MetricSpec{{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricSource{
			Name: "cpu", Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: new(int32(70))},
		}}},
	}}
	for _, f := range change {
		f(hpa)
	}
	return hpa
}

func following(name, target string) *autoscalingv2.HorizontalPodAutoscaler {
	return onCPU(name, target, func(hpa *autoscalingv2.HorizontalPodAutoscaler) {
		hpa.Spec.Metrics = append(hpa.Spec.Metrics, autoscalingv2.MetricSpec{Type: autoscalingv2.ExternalMetricSourceType,
			External: &autoscalingv2.ExternalMetricSource{Metric: autoscalingv2.MetricIdentifier{Name: discovery.Metric}}})
	})
}

type memory struct {
	replicas map[string][]float64
	err      error
}

func (m memory) Replicas(_ context.Context, services []estimator.Service) (map[estimator.Service][]float64, error) {
	history := map[estimator.Service][]float64{}
	for _, s := range services {
		history[s] = m.replicas[s.Name]
	}
	return history, m.err
}

func generate(t *testing.T, g hpagenerator.Generator, objects ...runtime.Object) hpagenerator.Result {
	t.Helper()
	g.Client = fake.NewClientset(objects...)
	r, err := g.Generate(t.Context(), namespace)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestGenerate(t *testing.T) {
	set := &appsv1.StatefulSet{ObjectMeta: meta("cart")}
	for name, c := range map[string]struct {
		objects []runtime.Object
		want    []string // the autoscalers as name→target
		note    string   // a part of the only note
	}{
		"nothing":                 {},
		"a Deployment":            {objects: []runtime.Object{deployment("cart", 3)}, want: []string{"cart→Deployment/cart"}},
		"a StatefulSet":           {objects: []runtime.Object{set}, want: []string{"cart→StatefulSet/cart"}},
		"one of another space":    {objects: []runtime.Object{&appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "coredns"}}}},
		"in order":                {objects: []runtime.Object{deployment("web", 1), deployment("cart", 1)}, want: []string{"cart→Deployment/cart", "web→Deployment/web"}},
		"it follows the metric":   {objects: []runtime.Object{deployment("cart", 3), following("any", "cart")}},
		"on CPU":                  {objects: []runtime.Object{deployment("cart", 3), onCPU("any", "cart")}, want: []string{"any→Deployment/cart"}},
		"the name is taken":       {objects: []runtime.Object{deployment("cart", 3), onCPU("cart", "web")}, want: []string{"cart-deepscaler→Deployment/cart"}},
		"off":                     {objects: []runtime.Object{deployment("cart", 0)}, note: "has 0 replicas"},
		"of an operator":          {objects: []runtime.Object{deployment("cart", 3, func(d *appsv1.Deployment) { controlledBy(&d.ObjectMeta, "Kafka", "k") })}, note: "Kafka k controls it"},
		"two workloads, one name": {objects: []runtime.Object{deployment("cart", 3), set}, want: []string{"cart→Deployment/cart"}, note: "StatefulSet shop/cart: skipped"},
		"of KEDA": {objects: []runtime.Object{deployment("cart", 3), onCPU("keda-hpa-cart", "cart", func(hpa *autoscalingv2.HorizontalPodAutoscaler) {
			controlledBy(&hpa.ObjectMeta, "ScaledObject", "cart")
		})}, note: "add a trigger of type external to ScaledObject cart"},
		"an operator's autoscaler": {objects: []runtime.Object{deployment("cart", 3), onCPU("any", "cart", func(hpa *autoscalingv2.HorizontalPodAutoscaler) {
			controlledBy(&hpa.ObjectMeta, "Gateway", "g")
		})}, want: []string{"any→Deployment/cart"}, note: "belongs to Gateway g"},
		"a tolerance that hides changes": {objects: []runtime.Object{deployment("cart", 3), onCPU("any", "cart", func(hpa *autoscalingv2.HorizontalPodAutoscaler) {
			hpa.Spec.MaxReplicas = 30
		})}, want: []string{"any→Deployment/cart"}, note: "scaleUp.tolerance: 0"},
		"a name too long for a selector": {objects: []runtime.Object{deployment(strings.Repeat("c", 64), 1)},
			want: []string{strings.Repeat("c", 64) + "→Deployment/" + strings.Repeat("c", 64)}, note: "selector"},
	} {
		t.Run(name, func(t *testing.T) {
			r := generate(t, hpagenerator.Generator{Way: discovery.External}, c.objects...)
			var got []string
			for _, a := range r.Autoscalers {
				got = append(got, a.Name+"→"+a.Spec.ScaleTargetRef.Kind+"/"+a.Spec.ScaleTargetRef.Name)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("autoscalers (-want +got):\n%s", diff)
			}
			if joined := strings.Join(r.Notes, "\n"); !strings.Contains(joined, c.note) || (len(r.Notes) > 0) != (c.note != "") {
				t.Errorf("notes %q, want one with %q", r.Notes, c.note)
			}
		})
	}
}

func TestExcept(t *testing.T) {
	r := generate(t, hpagenerator.Generator{Way: discovery.External, Except: []string{"redis", "radis"}}, deployment("cart", 1), deployment("redis", 1))
	if len(r.Autoscalers) != 1 || r.Autoscalers[0].Name != "cart" {
		t.Errorf("autoscalers %v, want cart alone", r.Autoscalers)
	}
	if len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "radis") {
		t.Errorf("notes %q, want one about the misspelt name", r.Notes)
	}
}

func TestHistoryDecidesTheBounds(t *testing.T) {
	past := memory{replicas: map[string][]float64{"cart": slices.Repeat([]float64{3, 9}, 100)}}
	r := generate(t, hpagenerator.Generator{Way: discovery.External, History: past}, deployment("cart", 4), deployment("web", 1))
	var got []int32
	for _, a := range r.Autoscalers {
		got = append(got, *a.Spec.MinReplicas, a.Spec.MaxReplicas)
	}
	if diff := cmp.Diff([]int32{3, 18, 1, 10}, got); diff != "" {
		t.Errorf("bounds (-want +got):\n%s", diff)
	}
}

// Missing rights and an unreadable history are errors, not a cluster without workloads.
func TestGenerateFails(t *testing.T) {
	for _, resource := range []string{"deployments", "statefulsets", "horizontalpodautoscalers"} {
		client := fake.NewClientset(deployment("cart", 1))
		client.PrependReactor("list", resource, func(k8stesting.Action) (bool, runtime.Object, error) {
			return true, nil, errors.New("forbidden")
		})
		g := hpagenerator.Generator{Client: client, Way: discovery.External}
		if _, err := g.Generate(t.Context(), namespace); err == nil || !strings.Contains(err.Error(), resource) {
			t.Errorf("without %s: error %v", resource, err)
		}
	}
	g := hpagenerator.Generator{Client: fake.NewClientset(deployment("cart", 1)), Way: discovery.External, History: memory{err: errors.New("down")}}
	if _, err := g.Generate(t.Context(), namespace); err == nil || !strings.Contains(err.Error(), "down") {
		t.Errorf("without Prometheus: error %v", err)
	}
}

const created = `---
# 2 to 10 replicas: it has 3 now, and no history is known
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: cart
  namespace: shop
spec:
  behavior:
    scaleDown:
      stabilizationWindowSeconds: 15
      tolerance: "0"
    scaleUp:
      policies:
      - periodSeconds: 15
        type: Pods
        value: 100
      stabilizationWindowSeconds: 0
      tolerance: "0"
  maxReplicas: 10
  metrics:
  - external:
      metric:
        name: deepscaler_desired_replicas
        selector:
          matchLabels:
            service: cart
      target:
        averageValue: "1"
        type: AverageValue
    type: External
  minReplicas: 2
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: cart
`

const joined = `---
# the existing one, with the metric added
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  annotations:
    team: checkout
  name: web-cpu
  namespace: shop
spec:
  maxReplicas: 7
  metrics:
  - resource:
      name: cpu
      target:
        averageUtilization: 70
        type: Utilization
    type: Resource
  - object:
      describedObject:
        apiVersion: apps/v1
        kind: Deployment
        name: web
      metric:
        name: deepscaler_desired_replicas
      target:
        averageValue: "1"
        type: AverageValue
    type: Object
  minReplicas: 2
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: web
`

func TestYAML(t *testing.T) {
	web := onCPU("web-cpu", "web", func(hpa *autoscalingv2.HorizontalPodAutoscaler) {
		hpa.Annotations = map[string]string{"team": "checkout", "kubectl.kubernetes.io/last-applied-configuration": "{}"}
		hpa.ResourceVersion, hpa.UID = "7", "u"
	})
	for way, c := range map[discovery.Way]struct {
		objects []runtime.Object
		want    string
	}{
		discovery.External: {[]runtime.Object{deployment("cart", 3)}, created},
		discovery.Object:   {[]runtime.Object{deployment("web", 3), web}, joined},
	} {
		var out bytes.Buffer
		if err := hpagenerator.WriteYAML(&out, generate(t, hpagenerator.Generator{Way: way}, c.objects...).Autoscalers); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, out.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", way, diff)
		}
		if err := yaml.UnmarshalStrict(out.Bytes(), new(autoscalingv2.HorizontalPodAutoscaler)); err != nil {
			t.Errorf("%s: %v", way, err)
		}
	}
}

// What was applied needs nothing any more.
func TestGenerateTwice(t *testing.T) {
	g := hpagenerator.Generator{Way: discovery.External}
	objects := []runtime.Object{deployment("cart", 3), deployment("web", 3), onCPU("any", "web")}
	r := generate(t, g, objects...)
	objects = objects[:2]
	for i := range r.Autoscalers {
		objects = append(objects, &r.Autoscalers[i].HorizontalPodAutoscaler)
	}
	if again := generate(t, g, objects...); len(r.Autoscalers) != 2 || len(again.Autoscalers) != 0 {
		t.Errorf("%d autoscalers, and then %d more", len(r.Autoscalers), len(again.Autoscalers))
	}
}
