package compare

import (
	"fmt"
	"math/rand/v2"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/deepscaler/deepscaler/test/lab/hpa"
)

// cpu is the name under which readings of the CPU are kept.
const cpu = "cpu"

// randomSpec returns the spec of an HPA with one to three metrics, bounds and, four times
// of five, a behavior. Windows and periods are odd seconds, since decisions are about two
// seconds apart: whether one falls on a boundary would be up to milliseconds.
func randomSpec(r *rand.Rand, name string) *autoscalingv2.HorizontalPodAutoscalerSpec {
	s := &autoscalingv2.HorizontalPodAutoscalerSpec{
		ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: group + "/v1", Kind: kind, Name: name},
		MinReplicas:    new(int32(1 + r.IntN(3))), MaxReplicas: int32(8 + r.IntN(20)),
	}
	external := false
	for i := range []int{1, 1, 1, 2, 3}[r.IntN(5)] {
		m := randomMetric(r, name, fmt.Sprintf("m%d", i))
		// The CPU comes from an API that does not say which metric wants it.
		if m.Type == autoscalingv2.ResourceMetricSourceType && i > 0 {
			continue
		}
		external = external || m.Type == autoscalingv2.ExternalMetricSourceType
		s.Metrics = append(s.Metrics, m)
	}
	if external && r.IntN(2) == 0 {
		s.MinReplicas = new(int32(0))
	}
	if r.IntN(5) > 0 {
		s.Behavior = &autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleUp: randomRules(r), ScaleDown: randomRules(r)}
	}
	return hpa.Complete(s)
}

func randomMetric(r *rand.Rand, name, metric string) autoscalingv2.MetricSpec {
	quantity := resource.NewMilliQuantity(int64(500+r.IntN(3000)), resource.DecimalSI)
	id := autoscalingv2.MetricIdentifier{Name: metric}
	average := autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: quantity}
	switch r.IntN(7) {
	case 0, 1, 2:
		target := autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: new(int32(30 + r.IntN(90)))}
		if r.IntN(4) == 0 {
			target = autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: resource.NewMilliQuantity(int64(100+r.IntN(400)), resource.DecimalSI)}
		}
		return autoscalingv2.MetricSpec{
			Type:     autoscalingv2.ResourceMetricSourceType,
			Resource: &autoscalingv2.ResourceMetricSource{Name: corev1.ResourceCPU, Target: target},
		}
	case 3:
		return autoscalingv2.MetricSpec{Type: autoscalingv2.PodsMetricSourceType, Pods: &autoscalingv2.PodsMetricSource{Metric: id, Target: average}}
	case 4:
		average = autoscalingv2.MetricTarget{Type: autoscalingv2.ValueMetricType, Value: quantity}
	}
	id.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{label: name}}
	return autoscalingv2.MetricSpec{Type: autoscalingv2.ExternalMetricSourceType, External: &autoscalingv2.ExternalMetricSource{Metric: id, Target: average}}
}

func randomRules(r *rand.Rand) *autoscalingv2.HPAScalingRules {
	if r.IntN(10) == 0 {
		return nil
	}
	odd := func() int32 { return int32(3 + 2*r.IntN(4)) }
	rules := &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: new(odd())}
	if r.IntN(2) == 0 {
		rules.StabilizationWindowSeconds = new(int32(0))
	}
	if r.IntN(2) == 0 {
		rules.Tolerance = new(resource.MustParse([]string{"0", "50m", "0.3"}[r.IntN(3)]))
	}
	if r.IntN(3) > 0 {
		rules.SelectPolicy = new([]autoscalingv2.ScalingPolicySelect{"Max", "Max", "Max", "Min", "Min", "Min", "Disabled"}[r.IntN(7)])
		for range 1 + r.IntN(2) {
			p := autoscalingv2.HPAScalingPolicy{Type: autoscalingv2.PodsScalingPolicy, Value: int32(1 + r.IntN(5)), PeriodSeconds: odd()}
			if r.IntN(2) == 0 {
				p.Type, p.Value = autoscalingv2.PercentScalingPolicy, int32(10+r.IntN(120))
			}
			rules.Policies = append(rules.Policies, p)
		}
	}
	return rules
}
