package stack

import (
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// HPA returns the autoscaler of a Deployment as in the README: it: one external
// metric that matches one service, AverageValue 1, no tolerance. Scale-in is
// stabilised for the given time only, so that tests see it.
func HPA(namespace, deployment string, minReplicas, maxReplicas int32, stabilisation time.Duration) *autoscalingv2.HorizontalPodAutoscaler {
	seconds := int32(stabilisation / time.Second)
	scaleUpNow, zero, most := int32(0), resource.MustParse("0"), autoscalingv2.MaxChangePolicySelect
	return &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: deployment},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: deployment},
			MinReplicas:    &minReplicas,
			MaxReplicas:    maxReplicas,
			Metrics:        []autoscalingv2.MetricSpec{ExternalMetric(MetricName, deployment)},
			Behavior: &autoscalingv2.HorizontalPodAutoscalerBehavior{
				ScaleUp: &autoscalingv2.HPAScalingRules{
					StabilizationWindowSeconds: &scaleUpNow, Tolerance: &zero, SelectPolicy: &most,
					Policies: []autoscalingv2.HPAScalingPolicy{{Type: autoscalingv2.PodsScalingPolicy, Value: maxReplicas, PeriodSeconds: 1}},
				},
				ScaleDown: &autoscalingv2.HPAScalingRules{StabilizationWindowSeconds: &seconds, Tolerance: &zero},
			},
		},
	}
}

// ExternalMetric returns an HPA's reference to an external metric of one
// service, one replica for each unit of its value.
func ExternalMetric(name, service string) autoscalingv2.MetricSpec {
	one := resource.MustParse("1")
	return autoscalingv2.MetricSpec{
		Type: autoscalingv2.ExternalMetricSourceType,
		External: &autoscalingv2.ExternalMetricSource{
			Metric: autoscalingv2.MetricIdentifier{
				Name:     name,
				Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"service": service}},
			},
			Target: autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: &one},
		},
	}
}

// ObjectMetric returns an HPA's reference to the metric of its scale target, one replica
// for each unit of its value.
func ObjectMetric(target autoscalingv2.CrossVersionObjectReference) autoscalingv2.MetricSpec {
	one := resource.MustParse("1")
	return autoscalingv2.MetricSpec{
		Type: autoscalingv2.ObjectMetricSourceType,
		Object: &autoscalingv2.ObjectMetricSource{
			Metric:          autoscalingv2.MetricIdentifier{Name: MetricName},
			DescribedObject: target,
			Target:          autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: &one},
		},
	}
}
