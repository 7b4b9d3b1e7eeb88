package hpagenerator

import (
	"maps"
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/estimator"
)

// present has the autoscalers of a cluster, as they are once everything is applied.
type present struct {
	autoscalers map[types.NamespacedName]*autoscalingv2.HorizontalPodAutoscaler
}

func newPresent(list []autoscalingv2.HorizontalPodAutoscaler) *present {
	p := &present{map[types.NamespacedName]*autoscalingv2.HorizontalPodAutoscaler{}}
	for i := range list {
		p.put(&list[i])
	}
	return p
}

func (p *present) put(hpa *autoscalingv2.HorizontalPodAutoscaler) {
	p.autoscalers[types.NamespacedName{Namespace: hpa.Namespace, Name: hpa.Name}] = hpa
}

func (p *present) all() []*autoscalingv2.HorizontalPodAutoscaler {
	return slices.SortedFunc(maps.Values(p.autoscalers), byName)
}

// of returns the autoscalers of a workload, whatever version of its API they name.
func (p *present) of(w workload) []*autoscalingv2.HorizontalPodAutoscaler {
	kind := func(r autoscalingv2.CrossVersionObjectReference) schema.GroupKind {
		return schema.FromAPIVersionAndKind(r.APIVersion, r.Kind).GroupKind()
	}
	return slices.DeleteFunc(p.all(), func(hpa *autoscalingv2.HorizontalPodAutoscaler) bool {
		target := hpa.Spec.ScaleTargetRef
		return hpa.Namespace != w.service.Namespace || target.Name != w.target.Name || kind(target) != kind(w.target)
	})
}

// follower returns the autoscaler that follows the metric of a service, or nil.
func (p *present) follower(s estimator.Service) *autoscalingv2.HorizontalPodAutoscaler {
	for _, hpa := range p.all() {
		if hpa.Namespace == s.Namespace && hpa.Spec.ScaleTargetRef.Name == s.Name && len(discovery.References(hpa)) > 0 {
			return hpa
		}
	}
	return nil
}

// name returns one for the autoscaler of a service that none has.
func (p *present) name(s estimator.Service) string {
	name := s.Name
	for p.autoscalers[types.NamespacedName{Namespace: s.Namespace, Name: name}] != nil {
		name += "-deepscaler"
	}
	return name
}
