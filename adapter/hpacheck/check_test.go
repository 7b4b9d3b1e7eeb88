package hpacheck

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/deepscaler/deepscaler/adapter/discovery"
)

func quantity(s string) *resource.Quantity {
	q := resource.MustParse(s)
	return &q
}

// good is an autoscaler without a problem, as change leaves it.
func good(name string, change func(*autoscalingv2.HorizontalPodAutoscaler, *autoscalingv2.ExternalMetricSource)) *autoscalingv2.HorizontalPodAutoscaler {
	external := &autoscalingv2.ExternalMetricSource{
		Metric: autoscalingv2.MetricIdentifier{
			Name:     discovery.Metric,
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"service": name}},
		},
		Target: autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: quantity("1")},
	}
	hpa := &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: types.UID(name), Annotations: map[string]string{}},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{Kind: "Deployment", Name: name},
			MaxReplicas:    20,
			Metrics:        []autoscalingv2.MetricSpec{{Type: autoscalingv2.ExternalMetricSourceType, External: external}},
			Behavior: &autoscalingv2.HorizontalPodAutoscalerBehavior{
				ScaleUp:   &autoscalingv2.HPAScalingRules{Tolerance: quantity("0")},
				ScaleDown: &autoscalingv2.HPAScalingRules{Tolerance: quantity("0")},
			},
		},
	}
	if change != nil {
		change(hpa, external)
	}
	return hpa
}

func TestCheck(t *testing.T) {
	type H = *autoscalingv2.HorizontalPodAutoscaler
	type E = *autoscalingv2.ExternalMetricSource
	selector := func(labels map[string]string) func(H, E) {
		return func(_ H, e E) { e.Metric.Selector = &metav1.LabelSelector{MatchLabels: labels} }
	}
	target := func(kind autoscalingv2.MetricTargetType, value string) func(H, E) {
		return func(_ H, e E) {
			e.Target = autoscalingv2.MetricTarget{Type: kind}
			if kind == autoscalingv2.ValueMetricType {
				e.Target.Value = quantity(value)
			} else {
				e.Target.AverageValue = quantity(value)
			}
		}
	}
	behaviour := func(highest int32, up, down string) func(H, E) {
		return func(h H, _ E) {
			h.Spec.MaxReplicas = highest
			h.Spec.Behavior = nil
			if up != "" {
				h.Spec.Behavior = &autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleUp: &autoscalingv2.HPAScalingRules{Tolerance: quantity(up)}}
				if down != "" {
					h.Spec.Behavior.ScaleDown = &autoscalingv2.HPAScalingRules{Tolerance: quantity(down)}
				}
			}
		}
	}
	for name, c := range map[string]struct {
		change  func(H, E)
		reason  string
		message string
	}{
		"good":                {nil, "", ""},
		"good by expression":  {func(_ H, e E) { e.Metric.Selector = in("service", "web") }, "", ""},
		"good, written 1000m": {target(autoscalingv2.AverageValueMetricType, "1000m"), "", ""},
		"no selector":         {func(_ H, e E) { e.Metric.Selector = nil }, ReasonMissingSelector, "{service: web}"},
		"empty selector":      {func(_ H, e E) { e.Metric.Selector = &metav1.LabelSelector{} }, ReasonMissingSelector, "{service: web}"},
		"invalid selector":    {func(_ H, e E) { e.Metric.Selector = in("service") }, ReasonInvalidSelector, "{service: web}"},
		"name of 70 characters": {func(h H, e E) {
			h.Spec.ScaleTargetRef.Name = strings.Repeat("long-name-", 7)
			e.Metric.Selector = in("service", h.Spec.ScaleTargetRef.Name)
		}, ReasonInvalidSelector, "an application of its own: the annotation deepscaler.io/application"},
		"selector of several":        {selector(map[string]string{"application": "shop"}), ReasonSelectorMatchesSeveral, "cart, web"},
		"selector of none":           {selector(map[string]string{"service": "webb"}), ReasonSelectorMatchesNothing, "service=webb"},
		"selector of another":        {selector(map[string]string{"service": "cart"}), ReasonSelectorMatchesOther, "matches service cart"},
		"selector across namespaces": {selector(map[string]string{"service": "vault"}), ReasonSelectorMatchesNothing, ""},
		"Value":                      {target(autoscalingv2.ValueMetricType, "1"), ReasonNotAverageValue, `averageValue: "1"`},
		"averageValue 2":             {target(autoscalingv2.AverageValueMetricType, "2"), ReasonAverageValueNotOne, "averageValue 2"},
		"default tolerance, max 20":  {behaviour(20, "", ""), ReasonToleranceHidesChange, "scaleUp.tolerance: 0 and spec.behavior.scaleDown.tolerance: 0"},
		"default tolerance, max 10":  {behaviour(10, "", ""), ReasonToleranceHidesChange, "set spec.behavior.scaleDown.tolerance: 0"},
		"default tolerance, max 9":   {behaviour(9, "", ""), "", ""},
		"one tolerance":              {behaviour(20, "0", ""), ReasonToleranceHidesChange, "set spec.behavior.scaleDown"},
		"low tolerances":             {behaviour(20, "0.04", "0.04"), "", ""},
		"high tolerance, few pods":   {behaviour(4, "0.5", "0"), ReasonToleranceHidesChange, "scaleUp"},
		"allowed application":        {func(h H, _ E) { h.Annotations[discovery.ApplicationAnnotation] = "money" }, "", ""},
		"application of others":      {func(h H, _ E) { h.Annotations[discovery.ApplicationAnnotation] = "bank" }, ReasonApplicationNotAllowed, "applications: {name: bank, namespaces: [shop]}"},
		"down to zero":               {func(h H, _ E) { h.Spec.MinReplicas = new(int32) }, ReasonMinReplicasZero, "set minReplicas to 1"},
		"impossible application":     {func(h H, _ E) { h.Annotations[discovery.ApplicationAnnotation] = "a b" }, ReasonInvalidApplication, "a b"},
	} {
		t.Run(name, func(t *testing.T) {
			vault := good("vault", nil)
			vault.Namespace = "bank"
			hpa := good("web", c.change)
			s := discovery.Resolve([]*autoscalingv2.HorizontalPodAutoscaler{hpa, good("cart", nil), vault}, discovery.Consent{"money": {"shop"}})
			got := Check(hpa, s, nil)
			if c.reason == "" {
				if len(got) > 0 {
					t.Errorf("found %+v", got)
				}
				return
			}
			if len(got) != 1 || got[0].Reason != c.reason || !strings.Contains(got[0].Message, c.message) {
				t.Errorf("found %+v, want only %s saying %q", got, c.reason, c.message)
			}
		})
	}
}

func in(label string, values ...string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
		{Key: label, Operator: metav1.LabelSelectorOpIn, Values: values},
	}}
}

func TestCheckFindsEverythingAtOnce(t *testing.T) {
	first := good("a-web", nil)
	first.Spec.ScaleTargetRef.Name = "web"
	first.Spec.Metrics[0].External.Metric.Selector.MatchLabels["service"] = "web"
	second := good("web", func(h *autoscalingv2.HorizontalPodAutoscaler, e *autoscalingv2.ExternalMetricSource) {
		e.Metric.Selector = nil
		e.Target.AverageValue = quantity("5")
		h.Spec.Behavior = nil
		h.Spec.Metrics = append(h.Spec.Metrics, h.Spec.Metrics[0])
	})
	s := discovery.Resolve([]*autoscalingv2.HorizontalPodAutoscaler{second, first}, nil)
	var reasons []string
	for _, p := range Check(second, s, nil) {
		reasons = append(reasons, p.Reason)
	}
	want := []string{ReasonMissingSelector, ReasonAverageValueNotOne, ReasonToleranceHidesChange, ReasonDuplicateTarget}
	if diff := cmp.Diff(want, reasons); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
	if got := Check(first, s, nil); len(got) > 0 {
		t.Errorf("the one that decides: %+v", got)
	}
}
