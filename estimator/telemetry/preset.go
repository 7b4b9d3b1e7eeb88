package telemetry

import "github.com/deepscaler/deepscaler/estimator"

const (
	// PresetIstio measures cpu and memory against the limits of the
	// containers, as Table I does. A container without a limit does not
	// count; a service none of whose containers has one has no cpu.
	PresetIstio = "istio"
	// PresetIstioResourceRequests measures cpu and memory against the resource
	// requests of the containers instead, for clusters that set no limits. 1
	// then means that every replica uses what it asked for, as with the
	// averageUtilization of an HPA, and more than 1 is possible.
	PresetIstioResourceRequests = "istio-resource-requests"
)

// Presets returns the names of all presets.
func Presets() []string { return []string{PresetIstio, PresetIstioResourceRequests} }

// preset returns the queries of a preset by feature name or [CallsQuery].
func preset(name string) (queries map[string]string, ok bool) {
	queries = map[string]string{
		string(estimator.Replicas): queryReplicas,
		string(estimator.Latency):  queryLatency,
		string(estimator.Requests): queryRequests,
		CallsQuery:                 queryCalls,
	}
	switch name {
	case PresetIstio:
		queries[string(estimator.CPU)] = cpuPer(limitCPU)
		queries[string(estimator.Memory)] = memoryPer(limitMemory)
	case PresetIstioResourceRequests:
		queries[string(estimator.CPU)] = cpuPer(requestCPU)
		queries[string(estimator.Memory)] = memoryPer(requestMemory)
	default:
		return nil, false
	}
	return queries, true
}

// The queries aggregate after rate, never before: rate sees each counter by
// itself and so notices the reset of a restarted proxy or container.

// queryRequests counts at the destination only, since adding what the source
// reports would count in-mesh traffic twice. A service has no series before
// its first request, so its rate is missing until then and 0 in quiet times
// after it.
//
// When a service is no longer scraped, rate falls gradually while its samples
// leave the window, which looks like falling demand. So a rate without a sample
// in the newer half of its window is missing. The condition is on the service,
// not the series: the last requests of a pod that is gone do count.
const queryRequests = `label_replace(label_replace(
  sum by (destination_workload_namespace, destination_workload) (
    rate(istio_requests_total{reporter="destination", destination_workload_namespace=~"{{.Namespaces}}"}[{{.RateWindow}}]))
  and group by (destination_workload_namespace, destination_workload) (
    last_over_time(istio_requests_total{reporter="destination", destination_workload_namespace=~"{{.Namespaces}}"}[{{.HalfRateWindow}}])),
  "namespace", "$1", "destination_workload_namespace", "(.*)"),
  "workload", "$1", "destination_workload", "(.*)")`

// queryLatency is 0/0, so NaN and then missing, when no request was answered.
const queryLatency = `label_replace(label_replace(
  sum by (destination_workload_namespace, destination_workload) (
    rate(istio_request_duration_milliseconds_sum{reporter="destination", destination_workload_namespace=~"{{.Namespaces}}"}[{{.RateWindow}}]))
  / sum by (destination_workload_namespace, destination_workload) (
    rate(istio_request_duration_milliseconds_count{reporter="destination", destination_workload_namespace=~"{{.Namespaces}}"}[{{.RateWindow}}]))
  / 1000,
  "namespace", "$1", "destination_workload_namespace", "(.*)"),
  "workload", "$1", "destination_workload", "(.*)")`

// queryReplicas takes ready pods from kube-state-metrics, and counts pods of
// which cAdvisor knows a container for workloads that it does not know. There
// max, not sum: a restarted kube-state-metrics leaves two series for a while.
// cAdvisor's series bear their own timestamps and therefore get no staleness
// markers, so a deleted pod is still counted for {{.RateWindow}}.
const queryReplicas = `max by (namespace, workload) (label_replace(
  last_over_time(kube_deployment_status_replicas_ready{namespace=~"{{.Namespaces}}"}[{{.RateWindow}}]),
  "workload", "$1", "deployment", "(.*)"))
or max by (namespace, workload) (label_replace(
  last_over_time(kube_statefulset_status_replicas_ready{namespace=~"{{.Namespaces}}"}[{{.RateWindow}}]),
  "workload", "$1", "statefulset", "(.*)"))
or count by (namespace, workload) (label_replace(
  group by (namespace, pod) (last_over_time(container_cpu_usage_seconds_total{namespace=~"{{.Namespaces}}", {{.Containers}}}[{{.RateWindow}}])),
  "workload", "$1", "pod", "{{.Workload}}"))`

// queryCalls averages over the whole window: visit ratios need many calls.
const queryCalls = `sum by (source_workload_namespace, source_workload, destination_workload_namespace, destination_workload) (
  rate(istio_requests_total{reporter="destination", destination_workload_namespace=~"{{.Namespaces}}"}[{{.Span}}]))`

// The denominators, by container. container_spec_* come from cAdvisor (Table
// I); the kube-prometheus-stack drops them because kube-state-metrics has the
// same numbers. A limit of 0 or -1 means that there is none.
const (
	limitCPU = `max by (namespace, pod, container) (
        last_over_time(container_spec_cpu_quota{namespace=~"{{.Namespaces}}", {{.Containers}}}[{{.RateWindow}}])
        / last_over_time(container_spec_cpu_period{namespace=~"{{.Namespaces}}", {{.Containers}}}[{{.RateWindow}}]) > 0)
      or max by (namespace, pod, container) (
        last_over_time(kube_pod_container_resource_limits{resource="cpu", namespace=~"{{.Namespaces}}", {{.Containers}}}[{{.RateWindow}}]) > 0)`

	limitMemory = `max by (namespace, pod, container) (
        last_over_time(container_spec_memory_limit_bytes{namespace=~"{{.Namespaces}}", {{.Containers}}}[{{.RateWindow}}]) > 0)
      or max by (namespace, pod, container) (
        last_over_time(kube_pod_container_resource_limits{resource="memory", namespace=~"{{.Namespaces}}", {{.Containers}}}[{{.RateWindow}}]) > 0)`

	requestCPU = `max by (namespace, pod, container) (
        last_over_time(kube_pod_container_resource_requests{resource="cpu", namespace=~"{{.Namespaces}}", {{.Containers}}}[{{.RateWindow}}]) > 0)`

	requestMemory = `max by (namespace, pod, container) (
        last_over_time(kube_pod_container_resource_requests{resource="memory", namespace=~"{{.Namespaces}}", {{.Containers}}}[{{.RateWindow}}]) > 0)`

	usageCPU = `sum by (namespace, pod, container) (
        rate(container_cpu_usage_seconds_total{namespace=~"{{.Namespaces}}", {{.Containers}}}[{{.RateWindow}}]))`

	usageMemory = `max by (namespace, pod, container) (
        last_over_time(container_memory_usage_bytes{namespace=~"{{.Namespaces}}", {{.Containers}}}[{{.RateWindow}}]))`
)

func cpuPer(allowed string) string    { return utilisation(usageCPU, allowed) }
func memoryPer(allowed string) string { return utilisation(usageMemory, allowed) }

// utilisation divides what the containers of a workload use by what they are
// allowed. Only containers of which both are known count on either side: a pod
// that has just started has a limit but no rate yet and would dilute the
// others, a container without a limit would inflate them.
func utilisation(used, allowed string) string {
	side := func(counted, known string) string {
		return `sum by (namespace, workload) (label_replace(
    (` + counted + `)
    and on (namespace, pod, container) (` + known + `),
    "workload", "$1", "pod", "{{.Workload}}"))`
	}
	return side(used, allowed) + "\n/ " + side(allowed, used)
}
