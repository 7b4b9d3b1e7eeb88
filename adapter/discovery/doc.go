// Package discovery finds the services to estimate. The
// HorizontalPodAutoscalers that reference the metric are the only
// configuration: the target of an autoscaler is a service. An application is
// the services of a namespace, unless an annotation that the configuration
// allows names another one.
package discovery

const (
	// Metric is the name of the metric, on every API.
	Metric = "deepscaler_desired_replicas"
	// CallRateMetric is the name of the external metric of calls between two services,
	// which the scheduler plugin reads.
	CallRateMetric = "deepscaler_call_rate"
	// AffinityMetric is that of the learned affinity between two services.
	AffinityMetric = "deepscaler_affinity"
	// SourceLabel is the label of their items that names the first service as
	// namespace/name; empty for calls from outside.
	SourceLabel = "source"
	// DestinationLabel is that of the second service.
	DestinationLabel = "destination"
	// ServiceLabel is the label of its items that names the service.
	ServiceLabel = "service"
	// ApplicationLabel is the label of its items that names the application.
	ApplicationLabel = "application"
	// ApplicationAnnotation on a HorizontalPodAutoscaler names the application
	// of its target. It needs the consent of the configuration: see [Consent].
	ApplicationAnnotation = "deepscaler.io/application"
	// ModeAnnotation on a HorizontalPodAutoscaler is [Shadow] or [Active] for its target
	// alone, whatever the configuration has for the application.
	ModeAnnotation = "deepscaler.io/mode"
	// Shadow lets everything be computed while the metric only answers the present
	// number of pods.
	Shadow = "shadow"
	// Active lets it answer what is planned.
	Active = "active"
)
