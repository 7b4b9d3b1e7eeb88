// Package discovery finds out what to estimate: the HorizontalPodAutoscalers
// that reference the metric name all that a user has to write. What an
// autoscaler scales is a service, and an application is the services of a
// namespace unless the configuration lets an annotation say otherwise.
package discovery

const (
	// Metric is the name of the external metric.
	Metric = "deepscaler_desired_replicas"
	// ServiceLabel is the label of its items that names the service.
	ServiceLabel = "service"
	// ApplicationLabel is the label of its items that names the application.
	ApplicationLabel = "application"
	// ApplicationAnnotation on a HorizontalPodAutoscaler names the application
	// its target belongs to, which takes the consent of the configuration: see
	// [Consent].
	ApplicationAnnotation = "deepscaler.io/application"
)
