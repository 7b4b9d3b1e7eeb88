package discovery

import (
	"cmp"
	"slices"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
)

// Service is a workload that an autoscaler scales by the metric. Its name is
// the name of the workload, as in the labels of the mesh.
type Service struct {
	estimator.Service
	// Application is the name of the application it belongs to.
	Application string
	// Bounds are the autoscaler's minimum (1 when it has none) and maximum.
	Bounds plan.Bounds
	// Stabilization is for how long the autoscaler itself keeps replicas after their number
	// fell: its stabilizationWindowSeconds, or the default of its controller.
	Stabilization time.Duration
	// Pods is the number of pods that exist, ready or not; nil when not known.
	Pods *int
	// Autoscaler is the one that scales it.
	Autoscaler Owner
	// Target is what the autoscaler scales.
	Target autoscalingv2.CrossVersionObjectReference
	// ScaledObject is the name of the ScaledObject behind the autoscaler, if KEDA made it.
	ScaledObject string
	// Mode is [Shadow], [Active] or "" for that of its application; anything else, such
	// as a misspelt word, is as careful as Shadow.
	Mode string
	// Beside is true if the autoscaler also follows other metrics.
	Beside bool
}

// Owner names an object for others that it owns.
type Owner struct {
	Name string
	UID  types.UID
}

// InShadow reports whether the metric holds the autoscaler of the service.
func (s Service) InShadow() bool { return s.Mode != "" && s.Mode != Active }

// Held returns the number that the metric answers instead of the planned one while the
// service is in shadow, and whether it is known. An autoscaler takes the largest number
// of its metrics: the present pods let one without other metrics hold, and the least
// leaves the decision to the others.
func (s Service) Held() (replicas int, known bool) {
	switch {
	case s.Beside:
		return max(1, s.Bounds.Min), true
	case s.Pods == nil:
		return 0, false
	}
	return *s.Pods, true
}

// Resource returns the resource of the scale target by the regular plural of its kind,
// which the resources of nearly all kinds with a scale are.
func (s Service) Resource() schema.GroupResource {
	plural, _ := meta.UnsafeGuessKindToResource(schema.FromAPIVersionAndKind(s.Target.APIVersion, s.Target.Kind))
	return plural.GroupResource()
}

// Labels returns the labels of the service's metric item.
func (s Service) Labels() labels.Set {
	return labels.Set{ServiceLabel: s.Name, ApplicationLabel: s.Application}
}

// Application is the services that are estimated jointly.
type Application struct {
	Name string
	// Services are in the order of [estimator.Service.Compare], each once.
	Services []Service
}

// Snapshot is the content of the autoscalers at one moment. It is never modified.
type Snapshot struct {
	// Applications are in the order of their names.
	Applications []Application
	// Autoscalers are those that reference the metric, by namespace and name.
	Autoscalers []*autoscalingv2.HorizontalPodAutoscaler
	// Scalers maps a service to the autoscaler that scales it. Others with the
	// same target are ignored.
	Scalers map[estimator.Service]*autoscalingv2.HorizontalPodAutoscaler
	// Consent is the one that applied when services were assigned to applications.
	Consent Consent
}

// Modes returns the snapshot in which every service without a mode of its own has that
// of its application.
func (s Snapshot) Modes(of func(application string) string) Snapshot {
	s.Applications = slices.Clone(s.Applications)
	for i := range s.Applications {
		a := &s.Applications[i]
		a.Services = slices.Clone(a.Services)
		for j := range a.Services {
			a.Services[j].Mode = cmp.Or(a.Services[j].Mode, of(a.Name))
		}
	}
	return s
}

// Names returns the names of the applications.
func (s Snapshot) Names() map[string]bool {
	names := map[string]bool{}
	for _, a := range s.Applications {
		names[a.Name] = true
	}
	return names
}

// Resolve returns the services and applications of autoscalers. It ignores
// autoscalers that do not reference the metric. The result does not depend on
// the order of the list, so replicas of the adapter agree.
func Resolve(autoscalers []*autoscalingv2.HorizontalPodAutoscaler, c Consent) Snapshot {
	s := Snapshot{Scalers: map[estimator.Service]*autoscalingv2.HorizontalPodAutoscaler{}, Consent: c}
	for _, hpa := range autoscalers {
		if len(References(hpa)) > 0 {
			s.Autoscalers = append(s.Autoscalers, hpa)
		}
	}
	slices.SortFunc(s.Autoscalers, func(a, b *autoscalingv2.HorizontalPodAutoscaler) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})

	byName := map[string][]Service{}
	for _, hpa := range s.Autoscalers {
		service := c.ServiceOf(hpa)
		if _, taken := s.Scalers[service.Service]; taken {
			continue
		}
		s.Scalers[service.Service] = hpa
		byName[service.Application] = append(byName[service.Application], service)
	}
	for name, services := range byName {
		slices.SortFunc(services, func(a, b Service) int { return a.Compare(b.Service) })
		s.Applications = append(s.Applications, Application{Name: name, Services: services})
	}
	slices.SortFunc(s.Applications, func(a, b Application) int { return cmp.Compare(a.Name, b.Name) })
	return s
}
