package discovery

import (
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
)

// Consent holds, by application, the namespaces whose autoscalers may join it by
// annotation. Without consent a service belongs to the application of its own
// namespace: the right to write an autoscaler in one namespace must not be one to
// enlarge and distort the estimates of another.
type Consent map[string][]string

// ServiceOf returns the service that hpa scales.
func (c Consent) ServiceOf(hpa *autoscalingv2.HorizontalPodAutoscaler) Service {
	s := Service{
		Service:     estimator.Service{Namespace: hpa.Namespace, Name: hpa.Spec.ScaleTargetRef.Name},
		Application: hpa.Namespace,
		Bounds:      plan.Bounds{Min: 1, Max: int(hpa.Spec.MaxReplicas)},
		Pods:        podsOf(hpa),
	}
	if wanted := hpa.Annotations[ApplicationAnnotation]; slices.Contains(c[wanted], hpa.Namespace) {
		s.Application = wanted
	}
	if hpa.Spec.MinReplicas != nil {
		s.Bounds.Min = int(*hpa.Spec.MinReplicas)
	}
	return s
}

// podsOf returns the pods that the target of hpa is to have, ready or not, as its
// controller read it; nil when it has not. After a decision the status holds the
// number from before it until the next sync, so the lesser of present and desired
// counts: pods on their way out are none.
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

// counted reports whether a condition is one that the controller sets only after
// it has read the scale of the target.
func counted(c autoscalingv2.HorizontalPodAutoscalerCondition) bool {
	return c.Type == autoscalingv2.ScalingActive
}
