package hpacheck

import (
	"strings"
	"testing"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/deepscaler/deepscaler/adapter/discovery"
)

// byObject is an autoscaler without a problem that reads the custom metrics API, as
// change leaves it.
func byObject(name string, change func(*autoscalingv2.HorizontalPodAutoscaler, *autoscalingv2.ObjectMetricSource)) *autoscalingv2.HorizontalPodAutoscaler {
	hpa := good(name, nil)
	source := &autoscalingv2.ObjectMetricSource{
		DescribedObject: hpa.Spec.ScaleTargetRef,
		Metric:          autoscalingv2.MetricIdentifier{Name: discovery.Metric},
		Target:          autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: quantity("1")},
	}
	hpa.Spec.Metrics = []autoscalingv2.MetricSpec{{Type: autoscalingv2.ObjectMetricSourceType, Object: source}}
	if change != nil {
		change(hpa, source)
	}
	return hpa
}

// byKEDA is the autoscaler that KEDA makes for a ScaledObject, as change leaves it.
func byKEDA(name string, change func(*autoscalingv2.HorizontalPodAutoscaler, *autoscalingv2.ExternalMetricSource)) *autoscalingv2.HorizontalPodAutoscaler {
	return good(name, func(h *autoscalingv2.HorizontalPodAutoscaler, e *autoscalingv2.ExternalMetricSource) {
		e.Metric.Name = "s0-" + discovery.Metric
		e.Metric.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{discovery.ScaledObjectLabel: name}}
		if change != nil {
			change(h, e)
		}
	})
}

func TestCheckOtherWays(t *testing.T) {
	type H = *autoscalingv2.HorizontalPodAutoscaler
	type O = *autoscalingv2.ObjectMetricSource
	type E = *autoscalingv2.ExternalMetricSource
	for name, c := range map[string]struct {
		hpa     H
		reason  string // "" for none
		message string
	}{
		"object": {byObject("web", nil), "", ""},
		"object, another version of the API": {byObject("web", func(h H, o O) {
			h.Spec.ScaleTargetRef.APIVersion, o.DescribedObject.APIVersion = "apps/v1", "apps/v1beta2"
		}), "", ""},
		"object, another one":           {byObject("web", func(_ H, o O) { o.DescribedObject.Name = "cart" }), ReasonObjectIsNotTarget, "describes Deployment cart"},
		"object, another kind":          {byObject("web", func(_ H, o O) { o.DescribedObject.Kind = "Service" }), ReasonObjectIsNotTarget, "Service web"},
		"object, its own labels":        {byObject("web", func(_ H, o O) { o.Metric.Selector = in("service", "web") }), "", ""},
		"object, the labels of another": {byObject("web", func(_ H, o O) { o.Metric.Selector = in("service", "cart") }), ReasonSelectorMatchesNothing, "leave out metric.selector"},
		"object, invalid selector":      {byObject("web", func(_ H, o O) { o.Metric.Selector = in("service") }), ReasonInvalidSelector, "leave out metric.selector"},
		"object, Value": {byObject("web", func(_ H, o O) {
			o.Target = autoscalingv2.MetricTarget{Type: autoscalingv2.ValueMetricType, Value: quantity("1")}
		}), ReasonNotAverageValue, "averageValue"},
		"KEDA":                    {byKEDA("web", nil), "", ""},
		"KEDA, default tolerance": {byKEDA("web", func(h H, _ E) { h.Spec.Behavior = nil }), ReasonToleranceHidesChange, "spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleUp.tolerance"},
		"KEDA, Value": {byKEDA("web", func(_ H, e E) {
			e.Target = autoscalingv2.MetricTarget{Type: autoscalingv2.ValueMetricType, Value: quantity("1")}
		}), ReasonNotAverageValue, "metricType"},
	} {
		s := discovery.Resolve([]H{c.hpa, good("cart", nil)}, nil)
		got := Check(c.hpa, s, nil)
		switch {
		case c.reason == "" && len(got) > 0:
			t.Errorf("%s: found %+v", name, got)
		case c.reason != "" && (len(got) != 1 || got[0].Reason != c.reason || !strings.Contains(got[0].Message, c.message)):
			t.Errorf("%s: found %+v, want only %s saying %q", name, got, c.reason, c.message)
		}
	}
}

// A metric that another server is asked for is a problem; the advice is a way that leads here.
func TestCheckWhoServes(t *testing.T) {
	keda := "external.metrics.k8s.io belongs to keda/keda-operator-metrics-apiserver"
	for name, c := range map[string]struct {
		hpa       *autoscalingv2.HorizontalPodAutoscaler
		elsewhere Elsewhere
		advice    string // "" for no problem
	}{
		"external, ours":         {good("web", nil), Elsewhere{discovery.Object: "nobody registered it"}, ""},
		"external, KEDA's":       {good("web", nil), Elsewhere{discovery.External: keda}, "use a metric of type Object"},
		"object, ours":           {byObject("web", nil), Elsewhere{discovery.External: keda}, ""},
		"object, not registered": {byObject("web", nil), Elsewhere{discovery.Object: "nobody registered it"}, "use a metric of type External"},
		"neither":                {byObject("web", nil), Elsewhere{discovery.Object: "none", discovery.External: keda}, "register one"},
		"by KEDA":                {byKEDA("web", nil), Elsewhere{discovery.Object: "none", discovery.External: keda}, ""},
	} {
		s := discovery.Resolve([]*autoscalingv2.HorizontalPodAutoscaler{c.hpa}, nil)
		got := Check(c.hpa, s, c.elsewhere)
		switch {
		case c.advice == "" && len(got) > 0:
			t.Errorf("%s: found %+v", name, got)
		case c.advice != "" && (len(got) != 1 || got[0].Reason != ReasonAPINotRegistered || !strings.Contains(got[0].Message, c.advice)):
			t.Errorf("%s: found %+v, want advice %q", name, got, c.advice)
		}
	}
}
