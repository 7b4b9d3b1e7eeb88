package discovery

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/deepscaler/deepscaler/estimator"
)

func external(name string, selector map[string]string) autoscalingv2.MetricSpec {
	return autoscalingv2.MetricSpec{Type: autoscalingv2.ExternalMetricSourceType, External: &autoscalingv2.ExternalMetricSource{
		Metric: autoscalingv2.MetricIdentifier{Name: name, Selector: &metav1.LabelSelector{MatchLabels: selector}},
	}}
}

func object(name, target string) autoscalingv2.MetricSpec {
	return autoscalingv2.MetricSpec{Type: autoscalingv2.ObjectMetricSourceType, Object: &autoscalingv2.ObjectMetricSource{
		Metric:          autoscalingv2.MetricIdentifier{Name: name},
		DescribedObject: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: target},
	}}
}

func TestEveryWayDiscoversAService(t *testing.T) {
	byKEDA := map[string]string{ScaledObjectLabel: "cart-scaler"}
	for name, c := range map[string]struct {
		metric       autoscalingv2.MetricSpec
		ways         []Way
		scaledObject string
	}{
		"external":                    {external(Metric, map[string]string{"service": "cart"}), []Way{External}, ""},
		"object":                      {object(Metric, "cart"), []Way{Object}, ""},
		"made by KEDA":                {external("s0-"+Metric, byKEDA), []Way{KEDA}, "cart-scaler"},
		"made by KEDA, tenth trigger": {external("s10-"+Metric, byKEDA), []Way{KEDA}, "cart-scaler"},
		"another external metric":     {external("s0-kafka-lag", byKEDA), nil, ""},
		"named like KEDA's":           {external("s0-"+Metric, map[string]string{"service": "cart"}), nil, ""},
		"a name that ends alike":      {external("s0-my-"+Metric, byKEDA), nil, ""},
		"another object metric":       {object("requests", "cart"), nil, ""},
		"without its source":          {autoscalingv2.MetricSpec{Type: autoscalingv2.ObjectMetricSourceType}, nil, ""},
	} {
		hpa := autoscaler("shop", "cart", "cart")
		hpa.Spec.Metrics = []autoscalingv2.MetricSpec{c.metric}
		var ways []Way
		for _, r := range References(hpa) {
			ways = append(ways, r.Way)
		}
		if diff := cmp.Diff(c.ways, ways); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		kept, err := trim(hpa)
		if err != nil {
			t.Fatal(err)
		}
		got := Resolve([]*autoscalingv2.HorizontalPodAutoscaler{kept.(*autoscalingv2.HorizontalPodAutoscaler)}, nil)
		switch {
		case len(got.Applications) != min(1, len(c.ways)):
			t.Errorf("%s: discovers %+v", name, got.Applications)
		case len(c.ways) > 0 && got.Applications[0].Services[0].ScaledObject != c.scaledObject:
			t.Errorf("%s: ScaledObject %q, want %q", name, got.Applications[0].Services[0].ScaledObject, c.scaledObject)
		}
	}
}

// A service with an autoscaler of its own and one by KEDA counts once.
func TestScaledObjectCountsOnce(t *testing.T) {
	own, keda := autoscaler("shop", "cart", "cart"), autoscaler("shop", "keda-hpa-cart", "cart")
	keda.Spec.Metrics = []autoscalingv2.MetricSpec{external("s0-"+Metric, map[string]string{ScaledObjectLabel: "cart"})}
	got := Resolve([]*autoscalingv2.HorizontalPodAutoscaler{keda, own}, nil)
	if len(got.Applications) != 1 || len(got.Applications[0].Services) != 1 || len(got.Autoscalers) != 2 {
		t.Errorf("resolves to %+v", got)
	}
	if decides := got.Scalers[estimator.Service{Namespace: "shop", Name: "cart"}].Name; decides != "cart" {
		t.Errorf("%s decides about cart, want the first by name", decides)
	}
}
