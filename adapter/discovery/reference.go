package discovery

import (
	"regexp"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Way is how an autoscaler reads the metric.
type Way string

// The ways.
const (
	// External is external.metrics.k8s.io: a selector names the service.
	External Way = "External"
	// Object is custom.metrics.k8s.io: the described object is the scale target.
	Object Way = "Object"
	// KEDA is the external metric of KEDA's own server, which asks DeepScaler.
	KEDA Way = "KEDA"
)

// ScaledObjectLabel is the label by which KEDA's autoscalers select a metric. Its
// value is the name of the ScaledObject.
const ScaledObjectLabel = "scaledobject.keda.sh/name"

// byKEDA is how KEDA names the metric of a trigger: s, its index and the name that
// the external scaler gives it.
var byKEDA = regexp.MustCompile(`^s[0-9]+-` + Metric + `$`)

// Reference is a metric source of an autoscaler that reads the metric.
type Reference struct {
	Way Way
	// Selector selects the metric, nil when there is none.
	Selector *metav1.LabelSelector
	// Described is the object of the metric; zero unless Way is Object.
	Described autoscalingv2.CrossVersionObjectReference
	Target    autoscalingv2.MetricTarget
}

// References returns the metric sources of hpa that read the metric. KEDA makes an
// autoscaler for every ScaledObject, and that one counts, so ScaledObjects
// themselves are never read.
func References(hpa *autoscalingv2.HorizontalPodAutoscaler) []Reference {
	var found []Reference
	for _, m := range hpa.Spec.Metrics {
		switch {
		case m.Type == autoscalingv2.ExternalMetricSourceType && m.External != nil && m.External.Metric.Name == Metric:
			found = append(found, Reference{Way: External, Selector: m.External.Metric.Selector, Target: m.External.Target})
		case m.Type == autoscalingv2.ExternalMetricSourceType && m.External != nil && byKEDA.MatchString(m.External.Metric.Name) &&
			scaledObject(m.External.Metric.Selector) != "":
			found = append(found, Reference{Way: KEDA, Selector: m.External.Metric.Selector, Target: m.External.Target})
		case m.Type == autoscalingv2.ObjectMetricSourceType && m.Object != nil && m.Object.Metric.Name == Metric:
			found = append(found, Reference{Way: Object, Selector: m.Object.Metric.Selector, Described: m.Object.DescribedObject, Target: m.Object.Target})
		}
	}
	return found
}

func scaledObject(selector *metav1.LabelSelector) string {
	if selector == nil {
		return ""
	}
	return selector.MatchLabels[ScaledObjectLabel]
}

// scaledObjectOf returns the name of the ScaledObject from which KEDA made hpa, or "".
func scaledObjectOf(hpa *autoscalingv2.HorizontalPodAutoscaler) string {
	for _, r := range References(hpa) {
		if r.Way == KEDA {
			return scaledObject(r.Selector)
		}
	}
	return ""
}
