// Package hpacheck finds HorizontalPodAutoscalers that cannot work with the
// metric. Events on them explain the reason and the remedy.
package hpacheck

import (
	"fmt"
	"slices"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/deepscaler/deepscaler/adapter/discovery"
)

// Problem is something about an autoscaler that its author must change.
type Problem struct {
	// Reason is the reason of the Event, in CamelCase.
	Reason string
	// Message explains the fault and its remedy.
	Message string
}

// The reasons.
const (
	ReasonMissingSelector        = "MissingSelector"
	ReasonInvalidSelector        = "InvalidSelector"
	ReasonSelectorMatchesNothing = "SelectorMatchesNothing"
	ReasonSelectorMatchesSeveral = "SelectorMatchesSeveral"
	ReasonSelectorMatchesOther   = "SelectorMatchesOther"
	ReasonNotAverageValue        = "NotAverageValue"
	ReasonAverageValueNotOne     = "AverageValueNotOne"
	ReasonToleranceHidesChange   = "ToleranceHidesChange"
	ReasonDuplicateTarget        = "DuplicateTarget"
	ReasonInvalidApplication     = "InvalidApplication"
	ReasonApplicationNotAllowed  = "ApplicationNotAllowed"
	ReasonMinReplicasZero        = "MinReplicasZero"
	ReasonObjectIsNotTarget      = "ObjectIsNotTarget"
	ReasonAPINotRegistered       = "APINotRegistered"
)

// Elsewhere has, for each way to the metric that does not lead to DeepScaler, the reason.
type Elsewhere map[discovery.Way]string

// Check returns the problems of one of the autoscalers of s, at most one per
// reason.
func Check(hpa *autoscalingv2.HorizontalPodAutoscaler, s discovery.Snapshot, elsewhere Elsewhere) []Problem {
	var found []Problem
	add := func(reason, format string, args ...any) {
		if !slices.ContainsFunc(found, func(p Problem) bool { return p.Reason == reason }) {
			found = append(found, Problem{reason, fmt.Sprintf(format, args...)})
		}
	}
	service := s.Consent.ServiceOf(hpa)
	for _, ref := range discovery.References(hpa) {
		checkReference(ref, service, s, add)
		checkTarget(ref, add)
		checkWay(ref.Way, elsewhere, add)
	}
	checkTolerance(hpa, service.ScaledObject, add)
	if first := s.Scalers[service.Service]; first != nil && first.UID != hpa.UID {
		add(ReasonDuplicateTarget, "HorizontalPodAutoscaler %q has a target of the same name, %s, and its bounds are used: delete one of the two",
			first.Name, service.Name)
	}
	checkApplication(hpa.Annotations[discovery.ApplicationAnnotation], service, add)
	if service.Bounds.Min == 0 {
		add(ReasonMinReplicasZero, "minReplicas is 0, but only the pods of %s show its demand, which would be invisible without any: "+
			"no plan goes below 1, so set minReplicas to 1 or more", service.Name)
	}
	return found
}

// checkApplication compares the application of a service with the annotation of
// its autoscaler.
func checkApplication(wanted string, service discovery.Service, add adder) {
	if wanted == "" || wanted == service.Application {
		return
	}
	if why := validation.IsValidLabelValue(wanted); len(why) > 0 {
		add(ReasonInvalidApplication, "Annotation %s is %q, which cannot be the value of a label: %s",
			discovery.ApplicationAnnotation, wanted, strings.Join(why, ", "))
		return
	}
	add(ReasonApplicationNotAllowed, "Annotation %s asks for application %q, which namespace %s may not join, so the service is planned in application %q: "+
		"remove the annotation, or have the namespace added to DeepScaler's configuration under applications: {name: %s, namespaces: [%s]}",
		discovery.ApplicationAnnotation, wanted, service.Namespace, service.Application, wanted, service.Namespace)
}

type adder func(reason, format string, args ...any)

// checkReference checks that a reference leads to the service. KEDA's always does.
func checkReference(ref discovery.Reference, service discovery.Service, s discovery.Snapshot, add adder) {
	switch ref.Way {
	case discovery.External:
		checkSelector(ref.Selector, service, s, add)
	case discovery.Object:
		checkObject(ref, service, add)
	case discovery.KEDA:
	}
}

// checkObject follows from the custom metrics API having the metric of scale targets only.
func checkObject(ref discovery.Reference, service discovery.Service, add adder) {
	const advice = "set object.describedObject to the scaleTargetRef, and leave out metric.selector"
	if !same(ref.Described, service.Target) {
		add(ReasonObjectIsNotTarget, "The metric %s describes %s %s (%s), but the target is %s %s (%s): %s", discovery.Metric,
			ref.Described.Kind, ref.Described.Name, ref.Described.APIVersion, service.Target.Kind, service.Target.Name, service.Target.APIVersion, advice)
	}
	if ref.Selector == nil {
		return
	}
	parsed, err := metav1.LabelSelectorAsSelector(ref.Selector)
	switch {
	case err != nil:
		add(ReasonInvalidSelector, "The selector of metric %s is invalid (%v): %s", discovery.Metric, err, advice)
	case !parsed.Matches(service.Labels()):
		add(ReasonSelectorMatchesNothing, "The selector %q of metric %s does not match the labels of its object (%s): %s", parsed, discovery.Metric, service.Labels(), advice)
	}
}

// same reports whether two references lead to one object, whatever version of its API.
func same(a, b autoscalingv2.CrossVersionObjectReference) bool {
	return a.Name == b.Name && schema.FromAPIVersionAndKind(a.APIVersion, a.Kind).GroupKind() == schema.FromAPIVersionAndKind(b.APIVersion, b.Kind).GroupKind()
}

// checkWay reports a metric that is asked of another server. The advice is the other way,
// unless that leads elsewhere too.
func checkWay(way discovery.Way, elsewhere Elsewhere, add adder) {
	reason, away := elsewhere[way]
	if !away {
		return
	}
	other := map[discovery.Way]discovery.Way{discovery.External: discovery.Object, discovery.Object: discovery.External}[way]
	advice := "register one of the APIs for DeepScaler (see its README)"
	if _, away := elsewhere[other]; !away {
		advice = fmt.Sprintf("use a metric of type %s", other)
	}
	add(ReasonAPINotRegistered, "The metric %s of type %s is not read from DeepScaler, because %s: %s", discovery.Metric, way, reason, advice)
}

// selectorAdvice returns how to select a service. Labels have 63 characters at
// most, names of workloads more.
func selectorAdvice(service discovery.Service) string {
	if len(validation.IsValidLabelValue(service.Name)) == 0 {
		return fmt.Sprintf("set metric.selector.matchLabels to {%s: %s}", discovery.ServiceLabel, service.Name)
	}
	return fmt.Sprintf("the name of %s is too long to be selected, so rename it, or give it an application of its own: "+
		"the annotation %s with a name that DeepScaler's configuration has under applications: {name: …, namespaces: [%s]}, and metric.selector.matchLabels {%s: …} with the same one",
		service.Name, discovery.ApplicationAnnotation, service.Namespace, discovery.ApplicationLabel)
}

// checkSelector follows from the HPA controller summing all the items that the
// selector matches.
func checkSelector(selector *metav1.LabelSelector, service discovery.Service, s discovery.Snapshot, add adder) {
	advice := selectorAdvice(service)
	if selector == nil || len(selector.MatchLabels)+len(selector.MatchExpressions) == 0 {
		add(ReasonMissingSelector, "The metric %s has no selector, so the replicas of all services of the namespace would be summed: %s",
			discovery.Metric, advice)
		return
	}
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		add(ReasonInvalidSelector, "The selector of metric %s is invalid (%v): %s", discovery.Metric, err, advice)
		return
	}
	switch matched := matches(parsed, service.Namespace, s); {
	case len(matched) == 0:
		add(ReasonSelectorMatchesNothing, "The selector %q of metric %s matches no service of the namespace: %s", parsed, discovery.Metric, advice)
	case len(matched) > 1:
		add(ReasonSelectorMatchesSeveral, "The selector %q of metric %s matches %d services (%s), whose replicas would be summed: %s",
			parsed, discovery.Metric, len(matched), abbreviate(matched), advice)
	case matched[0] != service.Name:
		add(ReasonSelectorMatchesOther, "The selector %q of metric %s matches service %s, but the target is %s: %s",
			parsed, discovery.Metric, matched[0], service.Name, advice)
	}
}

func matches(selector labels.Selector, namespace string, s discovery.Snapshot) []string {
	var names []string
	for _, a := range s.Applications {
		for _, service := range a.Services {
			if service.Namespace == namespace && selector.Matches(service.Labels()) {
				names = append(names, service.Name)
			}
		}
	}
	return names
}

func abbreviate(names []string) string {
	const shown = 5
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:shown], ", ") + ", …"
}

// checkTarget follows from the HPA controller's arithmetic: with AverageValue 1
// the desired count is the sum itself, with Value it is the current count times
// the sum.
func checkTarget(ref discovery.Reference, add adder) {
	advice, target := `set target to {type: AverageValue, averageValue: "1"}`, ref.Target
	if ref.Way == discovery.KEDA {
		advice = "set metricType of the ScaledObject's trigger to AverageValue, or leave it out"
	}
	switch {
	case target.Type != autoscalingv2.AverageValueMetricType || target.AverageValue == nil:
		add(ReasonNotAverageValue, "The target of metric %s has type %s, which would multiply the desired replicas by the current ones: %s",
			discovery.Metric, target.Type, advice)
	case target.AverageValue.Cmp(resource.MustParse("1")) != 0:
		add(ReasonAverageValueNotOne, "The target of metric %s has averageValue %s, which would divide the desired replicas by it: %s",
			discovery.Metric, target.AverageValue, advice)
	}
}

// defaultTolerance is that of kube-controller-manager,
// --horizontal-pod-autoscaler-tolerance.
const defaultTolerance = 0.1

// checkTolerance reports whether the tolerance can hide a change of one
// replica. The controller does nothing while |desired/current - 1| is within
// the tolerance; the smallest step up is 1/(max-1) and the smallest one down
// 1/max.
func checkTolerance(hpa *autoscalingv2.HorizontalPodAutoscaler, scaledObject string, add adder) {
	behavior := "spec.behavior"
	if scaledObject != "" {
		behavior = "spec.advanced.horizontalPodAutoscalerConfig.behavior"
	}
	up, down := defaultTolerance, defaultTolerance
	if b := hpa.Spec.Behavior; b != nil {
		up, down = toleranceOf(b.ScaleUp), toleranceOf(b.ScaleDown)
	}
	highest := float64(hpa.Spec.MaxReplicas)
	var hidden []string
	if up*(highest-1) >= 1 {
		hidden = append(hidden, behavior+".scaleUp.tolerance: 0")
	}
	if down*highest >= 1 {
		hidden = append(hidden, behavior+".scaleDown.tolerance: 0")
	}
	if len(hidden) > 0 {
		add(ReasonToleranceHidesChange, "The tolerance (%v by default) hides changes of a single replica when there are %v or more, and maxReplicas is %v: set %s",
			defaultTolerance, 1/defaultTolerance, highest, strings.Join(hidden, " and "))
	}
}

func toleranceOf(rules *autoscalingv2.HPAScalingRules) float64 {
	if rules == nil || rules.Tolerance == nil {
		return defaultTolerance
	}
	return rules.Tolerance.AsApproximateFloat64()
}
