// Package hpagenerator writes the HorizontalPodAutoscalers that let the workloads of a
// cluster follow the metric.
package hpagenerator
