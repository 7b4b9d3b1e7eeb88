package discovery

import (
	"slices"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
)

// Consent holds, by application, the namespaces whose autoscalers may join it by
// annotation. Without consent a service belongs to the application of its own
// namespace. Otherwise the right to write an autoscaler in one namespace would
// include enlarging and distorting the estimates of another.
type Consent map[string][]string

// ServiceOf returns the service that hpa scales.
func (c Consent) ServiceOf(hpa *autoscalingv2.HorizontalPodAutoscaler) Service {
	s := Service{
		Service:     estimator.Service{Namespace: hpa.Namespace, Name: hpa.Spec.ScaleTargetRef.Name},
		Application: hpa.Namespace,
		Bounds:      plan.Bounds{Min: 1, Max: int(hpa.Spec.MaxReplicas)},
		Pods:        podsOf(hpa),

		Stabilization: stabilizationOf(hpa),

		Autoscaler:   Owner{hpa.Name, hpa.UID},
		Target:       hpa.Spec.ScaleTargetRef,
		ScaledObject: scaledObjectOf(hpa),
		Mode:         hpa.Annotations[ModeAnnotation],
		Beside:       len(hpa.Spec.Metrics) > len(References(hpa)),
	}
	if wanted := hpa.Annotations[ApplicationAnnotation]; slices.Contains(c[wanted], hpa.Namespace) {
		s.Application = wanted
	}
	if hpa.Spec.MinReplicas != nil {
		s.Bounds.Min = int(*hpa.Spec.MinReplicas)
	}
	return s
}

// stabilizationOf returns the window over which the controller of hpa takes the highest
// number before it removes pods.
func stabilizationOf(hpa *autoscalingv2.HorizontalPodAutoscaler) time.Duration {
	if b := hpa.Spec.Behavior; b != nil && b.ScaleDown != nil && b.ScaleDown.StabilizationWindowSeconds != nil {
		return time.Duration(*b.ScaleDown.StabilizationWindowSeconds) * time.Second
	}
	return plan.Stabilization
}

// podsOf returns the number of pods of the target of hpa, ready or not, as read
// by its controller, or nil when it has not read them. Until the next sync after
// a decision the status holds the number before it, so the smaller of present and
// desired counts: pods that are about to go are excluded.
func podsOf(hpa *autoscalingv2.HorizontalPodAutoscaler) *int {
	current, desired := int(hpa.Status.CurrentReplicas), int(hpa.Status.DesiredReplicas)
	switch {
	case !slices.ContainsFunc(hpa.Status.Conditions, counted):
		return nil
	case current == 0:
		return new(0)
	case desired == 0:
		// Nothing has been decided yet.
		return nil
	}
	return new(min(current, desired))
}

// counted reports whether a condition proves that the controller has read the
// scale of the target.
func counted(c autoscalingv2.HorizontalPodAutoscalerCondition) bool {
	return c.Type == autoscalingv2.ScalingActive
}
