package hpa

import (
	"errors"
	"fmt"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
)

// CPU returns the spec of the autoscaler that most users run today. Its target is a utilisation
// of the requested CPU in percent, and everything else is as Kubernetes has it by default.
func CPU(minReplicas, maxReplicas, percent int32) *autoscalingv2.HorizontalPodAutoscalerSpec {
	return Complete(&autoscalingv2.HorizontalPodAutoscalerSpec{
		MinReplicas: &minReplicas, MaxReplicas: maxReplicas,
		Metrics: []autoscalingv2.MetricSpec{{
			Type: autoscalingv2.ResourceMetricSourceType,
			Resource: &autoscalingv2.ResourceMetricSource{
				Name:   corev1.ResourceCPU,
				Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: &percent},
			},
		}},
	})
}

// Complete returns a copy of the spec with the fields that the API server fills in. These are
// at least one replica, 80 % of the CPU, and the rules of a behavior that has only some.
func Complete(spec *autoscalingv2.HorizontalPodAutoscalerSpec) *autoscalingv2.HorizontalPodAutoscalerSpec {
	spec = spec.DeepCopy()
	if spec.MinReplicas == nil {
		spec.MinReplicas = new(int32(1))
	}
	if len(spec.Metrics) == 0 {
		spec.Metrics = CPU(1, 1, 80).Metrics
	}
	if b := spec.Behavior; b != nil {
		b.ScaleUp = completeRules(b.ScaleUp, autoscalingv2.HPAScalingRules{
			StabilizationWindowSeconds: new(int32(0)),
			Policies: []autoscalingv2.HPAScalingPolicy{
				{Type: autoscalingv2.PodsScalingPolicy, Value: 4, PeriodSeconds: 15},
				{Type: autoscalingv2.PercentScalingPolicy, Value: 100, PeriodSeconds: 15},
			},
		})
		b.ScaleDown = completeRules(b.ScaleDown, autoscalingv2.HPAScalingRules{
			Policies: []autoscalingv2.HPAScalingPolicy{{Type: autoscalingv2.PercentScalingPolicy, Value: 100, PeriodSeconds: 15}},
		})
	}
	return spec
}

// completeRules fills what rules leave out. A window of nil stays that of the controller.
func completeRules(rules *autoscalingv2.HPAScalingRules, defaults autoscalingv2.HPAScalingRules) *autoscalingv2.HPAScalingRules {
	defaults.SelectPolicy = new(autoscalingv2.MaxChangePolicySelect)
	if rules == nil {
		return &defaults
	}
	if rules.SelectPolicy == nil {
		rules.SelectPolicy = defaults.SelectPolicy
	}
	if rules.StabilizationWindowSeconds == nil {
		rules.StabilizationWindowSeconds = defaults.StabilizationWindowSeconds
	}
	if rules.Policies == nil {
		rules.Policies = defaults.Policies
	}
	return rules
}

// CheckSpec returns an error if a complete spec holds something that is not simulated,
// or that the API server would refuse.
func CheckSpec(spec *autoscalingv2.HorizontalPodAutoscalerSpec) error {
	if spec.MinReplicas == nil || *spec.MinReplicas < 0 || spec.MaxReplicas < max(1, *spec.MinReplicas) {
		return errors.New("an HPA needs 0 ≤ minReplicas ≤ maxReplicas and maxReplicas ≥ 1; see Complete")
	}
	if *spec.MinReplicas == 0 && !canScaleToZero(spec) {
		return errors.New("minReplicas 0 needs a metric of type External or Object")
	}
	if len(spec.Metrics) == 0 {
		return errors.New("an HPA needs at least one metric; see Complete")
	}
	for i, m := range spec.Metrics {
		if !targeted(m) {
			return fmt.Errorf("metric %d (%s) is not simulated or lacks a positive target", i, m.Type)
		}
	}
	if b := spec.Behavior; b != nil && (b.ScaleUp == nil || b.ScaleDown == nil || b.ScaleUp.StabilizationWindowSeconds == nil ||
		len(b.ScaleUp.Policies) == 0 || len(b.ScaleDown.Policies) == 0) {
		return errors.New("the behavior lacks rules; see Complete")
	}
	return nil
}

func targeted(m autoscalingv2.MetricSpec) bool {
	var t autoscalingv2.MetricTarget
	total, percent := false, false
	switch {
	case m.Type == autoscalingv2.ResourceMetricSourceType && m.Resource != nil:
		t, percent = m.Resource.Target, true
	case m.Type == autoscalingv2.PodsMetricSourceType && m.Pods != nil:
		t = m.Pods.Target
	case m.Type == autoscalingv2.ObjectMetricSourceType && m.Object != nil:
		t, total = m.Object.Target, true
	case m.Type == autoscalingv2.ExternalMetricSourceType && m.External != nil:
		t, total = m.External.Target, true
	}
	switch t.Type {
	case autoscalingv2.AverageValueMetricType:
		return t.AverageValue != nil && t.AverageValue.MilliValue() > 0
	case autoscalingv2.ValueMetricType:
		return total && t.Value != nil && t.Value.MilliValue() > 0
	case autoscalingv2.UtilizationMetricType:
		return percent && t.AverageUtilization != nil && *t.AverageUtilization > 0
	}
	return false
}
