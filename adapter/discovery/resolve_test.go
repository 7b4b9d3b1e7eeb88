package discovery

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
)

// autoscaler scales Deployment target by the metric between 2 and 10.
func autoscaler(namespace, name, target string) *autoscalingv2.HorizontalPodAutoscaler {
	low := int32(2)
	return &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: name, UID: types.UID(namespace + "/" + name), ResourceVersion: "1",
			Annotations:   map[string]string{"kubectl.kubernetes.io/last-applied-configuration": "long"},
			ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "kubectl"}},
		},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: target},
			MinReplicas:    &low,
			MaxReplicas:    10,
			Metrics: []autoscalingv2.MetricSpec{
				{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricSource{Name: "cpu"}},
				{Type: autoscalingv2.ExternalMetricSourceType, External: &autoscalingv2.ExternalMetricSource{
					Metric: autoscalingv2.MetricIdentifier{Name: Metric, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"service": target}}},
					Target: autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: resource.NewQuantity(1, resource.DecimalSI)},
				}},
			},
		},
		Status: autoscalingv2.HorizontalPodAutoscalerStatus{CurrentReplicas: 3},
	}
}

// foreign scales by CPU alone.
func foreign(namespace, name string) *autoscalingv2.HorizontalPodAutoscaler {
	hpa := autoscaler(namespace, name, name)
	hpa.Spec.Metrics = hpa.Spec.Metrics[:1]
	return hpa
}

func TestResolve(t *testing.T) {
	unbounded := autoscaler("shop", "cart", "cart")
	unbounded.Spec.MinReplicas = nil
	annotated := autoscaler("shop", "pay", "pay")
	annotated.Annotations[ApplicationAnnotation] = "money"
	bank := autoscaler("vault", "bank", "bank")
	bank.Annotations[ApplicationAnnotation] = "money"
	// Nobody has allowed these: neither a namespace of another team to join shop
	// nor one of shop's own to split off.
	intruder := autoscaler("mallory", "many", "many")
	intruder.Annotations[ApplicationAnnotation] = "shop"
	loner := autoscaler("shop", "loner", "loner")
	loner.Annotations[ApplicationAnnotation] = "alone"
	consent := Consent{"money": {"shop", "vault"}, "shop": nil}
	other := autoscaler("shop", "other-metric", "other")
	other.Spec.Metrics[1].External.Metric.Name = "queue_length"
	hpas := []*autoscalingv2.HorizontalPodAutoscaler{
		autoscaler("shop", "web", "web"), unbounded, annotated, bank, other, intruder, loner, foreign("shop", "cpu-only"),
		autoscaler("shop", "web-again", "web"),
	}
	hpas[len(hpas)-1].Spec.MaxReplicas = 99

	of := func(ns, name, app string, low int) Service {
		return Service{
			Service: estimator.Service{Namespace: ns, Name: name}, Application: app, Bounds: plan.Bounds{Min: low, Max: 10},
			Autoscaler: Owner{name, types.UID(ns + "/" + name)},
			Target:     autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: name},
			Beside:     true,

			Stabilization: 5 * time.Minute,
		}
	}
	want := []Application{
		{"mallory", []Service{of("mallory", "many", "mallory", 2)}},
		{"money", []Service{of("shop", "pay", "money", 2), of("vault", "bank", "money", 2)}},
		{"shop", []Service{of("shop", "cart", "shop", 1), of("shop", "loner", "shop", 2), of("shop", "web", "shop", 2)}},
	}
	for range 5 {
		rand.Shuffle(len(hpas), func(i, j int) { hpas[i], hpas[j] = hpas[j], hpas[i] })
		got := Resolve(hpas, consent)
		if diff := cmp.Diff(want, got.Applications); diff != "" {
			t.Errorf("applications (-want +got):\n%s", diff)
		}
		if len(got.Autoscalers) != 7 || len(got.Scalers) != 6 {
			t.Errorf("%d autoscalers and %d that decide, want 7 and 6", len(got.Autoscalers), len(got.Scalers))
		}
		if decides := got.Scalers[estimator.Service{Namespace: "shop", Name: "web"}].Name; decides != "web" {
			t.Errorf("%s decides about web, want the first by name", decides)
		}
	}
	if empty := Resolve(nil, nil); len(empty.Applications)+len(empty.Autoscalers) != 0 {
		t.Errorf("nothing resolves to %+v", empty)
	}
}

func TestPodsAreThoseThatTheControllerCounted(t *testing.T) {
	for name, c := range map[string]struct {
		counted          bool
		current, desired int32
		want             *int
	}{
		"steady":                       {true, 4, 4, new(4)},
		"scaling out":                  {true, 4, 9, new(4)},
		"scaling in, pods still leave": {true, 10, 6, new(6)},
		"at zero":                      {true, 0, 0, new(0)},
		"nothing decided yet":          {true, 4, 0, nil},
		"set to zero by hand":          {true, 0, 4, new(0)},
		"never read":                   {false, 0, 0, nil},
	} {
		hpa := autoscaler("shop", "web", "web")
		hpa.Status = autoscalingv2.HorizontalPodAutoscalerStatus{CurrentReplicas: c.current, DesiredReplicas: c.desired}
		if c.counted {
			hpa.Status.Conditions = []autoscalingv2.HorizontalPodAutoscalerCondition{{Type: autoscalingv2.AbleToScale}, {Type: autoscalingv2.ScalingActive}}
		}
		kept, err := trim(hpa)
		if err != nil {
			t.Fatal(err)
		}
		for _, got := range []*int{Consent(nil).ServiceOf(hpa).Pods, Consent(nil).ServiceOf(kept.(*autoscalingv2.HorizontalPodAutoscaler)).Pods} {
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}
}

func TestStabilization(t *testing.T) {
	hpa := autoscaler("shop", "web", "web")
	for name, c := range map[string]struct {
		behavior *autoscalingv2.HorizontalPodAutoscalerBehavior
		want     time.Duration
	}{
		"no behavior":        {nil, 5 * time.Minute},
		"no rules":           {&autoscalingv2.HorizontalPodAutoscalerBehavior{}, 5 * time.Minute},
		"rules without it":   {&autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleDown: &autoscalingv2.HPAScalingRules{}}, 5 * time.Minute},
		"rules that have it": {&autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleDown: &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: new(int32(60))}}, time.Minute},
		"none":               {&autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleDown: &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: new(int32(0))}}, 0},
	} {
		hpa.Spec.Behavior = c.behavior
		kept, err := trim(hpa)
		if err != nil {
			t.Fatal(err)
		}
		if got := Consent(nil).ServiceOf(kept.(*autoscalingv2.HorizontalPodAutoscaler)).Stabilization; got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
