package check

import (
	"context"
	"fmt"
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/hpacheck"
	"github.com/deepscaler/deepscaler/estimator"
)

// scaled are the workloads of a namespace, and which of them follow the metric.
type scaled struct {
	section  *section
	services []estimator.Service // in order
	follows  map[estimator.Service]bool
}

// autoscalers reports those of a namespace with their faults, and workloads without one.
// The consent is nil when it is not known.
func (c *Checker) autoscalers(ctx context.Context, namespace string, away hpacheck.Elsewhere, consent discovery.Consent) scaled {
	s := scaled{section: &section{name: "autoscalers"}, follows: map[estimator.Service]bool{}}
	list, err := c.Client.AutoscalingV2().HorizontalPodAutoscalers(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		s.section.add(Unknown, "horizontalpodautoscalers", "", "list them: %v", err)
		list = &autoscalingv2.HorizontalPodAutoscalerList{}
	}
	var all []*autoscalingv2.HorizontalPodAutoscaler
	for i := range list.Items {
		all = append(all, &list.Items[i])
	}
	snapshot := discovery.Resolve(all, consent)
	for _, hpa := range snapshot.Autoscalers {
		service := snapshot.Consent.ServiceOf(hpa).Service
		s.follows[service] = true
		s.services = append(s.services, service)
		faults(s.section, hpa, snapshot, away)
	}
	if len(snapshot.Autoscalers) == 0 && err == nil {
		s.section.add(Failed, "horizontalpodautoscalers", fmt.Sprintf("kubectl deepscaler hpa -n %s | kubectl apply -f -", namespace), "none follows %s", discovery.Metric)
	}
	s.services = append(s.services, c.workloads(ctx, namespace, s.section)...)
	slices.SortFunc(s.services, estimator.Service.Compare)
	s.services = slices.Compact(s.services)
	for _, service := range s.services {
		if !s.follows[service] && len(snapshot.Autoscalers) > 0 {
			s.section.add(Warning, service.Name, fmt.Sprintf("kubectl deepscaler hpa -n %s prints one", namespace), "no autoscaler of it follows the metric, so it is no part of the joint estimate")
		}
	}
	return s
}

// faults reports those of one autoscaler.
func faults(s *section, hpa *autoscalingv2.HorizontalPodAutoscaler, snapshot discovery.Snapshot, away hpacheck.Elsewhere) {
	sound := true
	for _, p := range hpacheck.Check(hpa, snapshot, away) {
		if p.Reason == hpacheck.ReasonApplicationNotAllowed && snapshot.Consent == nil {
			continue // the configuration of the adapter decides
		}
		s.add(Failed, hpa.Name, "", "%s: %s", p.Reason, p.Message)
		sound = false
	}
	for _, condition := range hpa.Status.Conditions {
		if condition.Type == autoscalingv2.ScalingActive && condition.Status == corev1.ConditionFalse {
			s.add(Warning, hpa.Name, "kubectl describe hpa "+hpa.Name, "its controller reports %s: %s", condition.Reason, condition.Message)
			sound = false
		}
	}
	if sound {
		target := hpa.Spec.ScaleTargetRef
		s.add(OK, hpa.Name, "", "%s %s follows the metric, up to %d replicas", target.Kind, target.Name, hpa.Spec.MaxReplicas)
	}
}

// workloads returns the Deployments and StatefulSets of a namespace.
func (c *Checker) workloads(ctx context.Context, namespace string, s *section) []estimator.Service {
	var found []estimator.Service
	deployments, err := c.Client.AppsV1().Deployments(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		s.add(Unknown, "deployments", "", "list them: %v", err)
	} else {
		for i := range deployments.Items {
			found = append(found, estimator.Service{Namespace: namespace, Name: deployments.Items[i].Name})
		}
	}
	sets, err := c.Client.AppsV1().StatefulSets(namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		s.add(Unknown, "statefulsets", "", "list them: %v", err)
	} else {
		for i := range sets.Items {
			found = append(found, estimator.Service{Namespace: namespace, Name: sets.Items[i].Name})
		}
	}
	return found
}
