package hpagenerator

import (
	"fmt"
	"io"
	"maps"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/deepscaler/deepscaler/adapter/discovery"
)

// manifest is an autoscaler without its status, which nobody applies.
type manifest struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        metadata                                  `json:"metadata"`
	Spec            autoscalingv2.HorizontalPodAutoscalerSpec `json:"spec"`
}

// metadata is what users write; the rest is from the server.
type metadata struct {
	Namespace   string            `json:"namespace"`
	Name        string            `json:"name"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// WriteYAML writes autoscalers as documents for kubectl apply, each with a comment.
func WriteYAML(out io.Writer, autoscalers []Autoscaler) error {
	for _, a := range autoscalers {
		text, err := yaml.Marshal(manifest{
			TypeMeta: metav1.TypeMeta{APIVersion: autoscalingv2.SchemeGroupVersion.String(), Kind: "HorizontalPodAutoscaler"},
			Metadata: metadata{Namespace: a.Namespace, Name: a.Name, Labels: a.Labels, Annotations: a.Annotations},
			Spec:     a.Spec,
		})
		if err != nil {
			return fmt.Errorf("write HorizontalPodAutoscaler %s/%s: %w", a.Namespace, a.Name, err)
		}
		if _, err := fmt.Fprintf(out, "---\n# %s\n%s", a.Why, text); err != nil {
			return err
		}
	}
	return nil
}

// annotations returns those that somebody wrote: kubectl records what it applied, and the
// server what older versions of its API lack.
func annotations(hpa *autoscalingv2.HorizontalPodAutoscaler) map[string]string {
	kept := maps.Clone(hpa.Annotations)
	maps.DeleteFunc(kept, func(name, _ string) bool {
		return name == corev1.LastAppliedConfigAnnotation || strings.HasPrefix(name, "autoscaling.alpha.kubernetes.io/")
	})
	return kept
}

// metric returns the source that follows the metric of a target. With AverageValue 1 the
// number of replicas is the metric itself.
func metric(way discovery.Way, target autoscalingv2.CrossVersionObjectReference) autoscalingv2.MetricSpec {
	one := resource.MustParse("1")
	source := autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType, AverageValue: &one}
	if way == discovery.Object {
		return autoscalingv2.MetricSpec{Type: autoscalingv2.ObjectMetricSourceType, Object: &autoscalingv2.ObjectMetricSource{
			DescribedObject: target, Metric: autoscalingv2.MetricIdentifier{Name: discovery.Metric}, Target: source,
		}}
	}
	selector := &metav1.LabelSelector{MatchLabels: map[string]string{discovery.ServiceLabel: target.Name}}
	return autoscalingv2.MetricSpec{Type: autoscalingv2.ExternalMetricSourceType, External: &autoscalingv2.ExternalMetricSource{
		Metric: autoscalingv2.MetricIdentifier{Name: discovery.Metric, Selector: selector}, Target: source,
	}}
}

// stabilization is for how many seconds the examples keep replicas that DeepScaler no longer
// asks for. It keeps those that the next rise may need itself, so this is for noise alone.
const stabilization = 15

// behavior returns that of the examples: at once up, without a tolerance, and down to the
// highest number of a sync period.
func behavior() *autoscalingv2.HorizontalPodAutoscalerBehavior {
	none := resource.MustParse("0")
	return &autoscalingv2.HorizontalPodAutoscalerBehavior{
		ScaleUp: &autoscalingv2.HPAScalingRules{
			Tolerance:                  &none,
			StabilizationWindowSeconds: new(int32(0)),
			Policies:                   []autoscalingv2.HPAScalingPolicy{{Type: autoscalingv2.PodsScalingPolicy, Value: 100, PeriodSeconds: 15}},
		},
		ScaleDown: &autoscalingv2.HPAScalingRules{Tolerance: &none, StabilizationWindowSeconds: new(int32(stabilization))},
	}
}
