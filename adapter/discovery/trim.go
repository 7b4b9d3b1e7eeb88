package discovery

import (
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// trim removes what the adapter does not read from an autoscaler. Most of its
// size is managed fields, conditions and the annotation of kubectl apply. An
// autoscaler that does not reference the metric keeps only its identity.
func trim(o any) (any, error) {
	hpa, ok := o.(*autoscalingv2.HorizontalPodAutoscaler)
	if !ok {
		return o, nil
	}
	kept := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{
		Namespace:       hpa.Namespace,
		Name:            hpa.Name,
		UID:             hpa.UID,
		ResourceVersion: hpa.ResourceVersion,
	}}
	if len(References(hpa)) == 0 {
		return kept, nil
	}
	kept.Spec = hpa.Spec
	kept.Status.CurrentReplicas, kept.Status.DesiredReplicas = hpa.Status.CurrentReplicas, hpa.Status.DesiredReplicas
	if slices.ContainsFunc(hpa.Status.Conditions, counted) {
		kept.Status.Conditions = []autoscalingv2.HorizontalPodAutoscalerCondition{{Type: autoscalingv2.ScalingActive}}
	}
	for _, name := range []string{ApplicationAnnotation, ModeAnnotation} {
		if value, ok := hpa.Annotations[name]; ok {
			if kept.Annotations == nil {
				kept.Annotations = map[string]string{}
			}
			kept.Annotations[name] = value
		}
	}
	return kept, nil
}

// changed reports whether two trimmed autoscalers differ in anything that is read.
func changed(before, after any) bool {
	a, ok := before.(*autoscalingv2.HorizontalPodAutoscaler)
	b, ok2 := after.(*autoscalingv2.HorizontalPodAutoscaler)
	if !ok || !ok2 {
		return true
	}
	return a.UID != b.UID ||
		!apiequality.Semantic.DeepEqual(podsOf(a), podsOf(b)) ||
		!apiequality.Semantic.DeepEqual(a.Annotations, b.Annotations) ||
		!apiequality.Semantic.DeepEqual(a.Spec, b.Spec)
}
