package telemetry

import "strings"

// scrapeLabels distinguish copies of one series from several scrapes or
// servers. The label instance does so too, but also distinguishes pods without
// a label pod; so its host counts and its port does not.
var scrapeLabels = []string{
	"job", "service", "endpoint", "container", "metrics_path", "instance", "monitor",
	"prometheus", "prometheus_replica", "replica", "__replica__", "receive", "tenant_id",
}

// onceEach returns the series of promql, each of several copies once.
func onceEach(promql string) string {
	return `max without (` + join(scrapeLabels) + `) (label_replace(` + promql + `, "scraped_host", "$1", "instance", "(.*?)(:[0-9]+)?"))`
}

// relabel copies a label of the series of promql.
func relabel(promql, to, from string) string {
	if to == from {
		return promql
	}
	return `label_replace(` + promql + `,
  "` + to + `", "$1", "` + from + `", "(.*)")`
}

func join(labels []string) string { return strings.Join(labels, ", ") }

// queryReplicas takes ready pods from kube-state-metrics, or else counts the
// pods with a container in cAdvisor. It uses max, not sum: a restarted
// kube-state-metrics leaves two series for a while. cAdvisor's series have
// their own timestamps and so no staleness markers, and a deleted pod counts
// for another {{.RateWindow}}.
var queryReplicas = `max by (namespace, workload) (label_replace(
  last_over_time(kube_deployment_status_replicas_ready{namespace=~"{{.Namespaces}}"{{.Matchers}}}[{{.RateWindow}}]),
  "workload", "$1", "deployment", "(.*)"))
or max by (namespace, workload) (label_replace(
  last_over_time(kube_statefulset_status_replicas_ready{namespace=~"{{.Namespaces}}"{{.Matchers}}}[{{.RateWindow}}]),
  "workload", "$1", "statefulset", "(.*)"))
or count by (namespace, workload) (` + ofPods(
	`group by (namespace, pod) (`+cadvisor("last_over_time", "container_cpu_usage_seconds_total", "")+`)`) + `)`

// ofPods adds the label workload to series of pods.
func ofPods(promql string) string {
	return `{{.Exceptions}}label_replace(` + promql + `,
  "workload", "$1", "pod", "{{.Workload}}"){{.EndExceptions}}`
}

// cadvisor returns a function of a metric by container over the rate window.
func cadvisor(function, metric, matchers string) string {
	return function + `(` + metric + `{` + matchers + `namespace=~"{{.Namespaces}}", {{.Containers}}{{.Matchers}}}[{{.RateWindow}}])`
}

// byContainer returns the maximum over the copies of a container's series: a
// metric that is scraped twice counts once, and the ending series of a
// restarted container does not add to the new one.
func byContainer(promql string) string { return `max by (namespace, pod, container) (` + promql + `)` }

// The usage and limits of containers. container_spec_* come from cAdvisor (Table
// I); the kube-prometheus-stack drops them because kube-state-metrics has the
// same numbers. A limit of 0 or -1 means that there is none.
var (
	// The label cpu is "total", or each of them where they are counted apart.
	usageCPU = `sum by (namespace, pod, container) (max by (namespace, pod, container, cpu) (` +
		cadvisor("rate", "container_cpu_usage_seconds_total", "") + `))`
	usageMemory = byContainer(cadvisor("last_over_time", "container_memory_usage_bytes", ""))

	limitCPU = byContainer(cadvisor("last_over_time", "container_spec_cpu_quota", "")+`
        / `+cadvisor("last_over_time", "container_spec_cpu_period", "")+` > 0`) + `
      or ` + byContainer(cadvisor("last_over_time", "kube_pod_container_resource_limits", `resource="cpu", `)+` > 0`)
	limitMemory = byContainer(cadvisor("last_over_time", "container_spec_memory_limit_bytes", "")+` > 0`) + `
      or ` + byContainer(cadvisor("last_over_time", "kube_pod_container_resource_limits", `resource="memory", `)+` > 0`)

	requestCPU    = byContainer(cadvisor("last_over_time", "kube_pod_container_resource_requests", `resource="cpu", `) + ` > 0`)
	requestMemory = byContainer(cadvisor("last_over_time", "kube_pod_container_resource_requests", `resource="memory", `) + ` > 0`)
)

// orRequests returns limits, or the requests of pods without any limit. Beside a
// container with a limit, one without must not count by its request, which does
// not bound its usage. The exporter of requests also has limits, so only that is
// queried for them.
func orRequests(resource, limits, requests string) string {
	return limits + `
      or (` + requests + ` unless on (namespace, pod) ` +
		cadvisor("last_over_time", "kube_pod_container_resource_limits", `resource="`+resource+`", `) + `)`
}

// utilisation is usage ÷ limit of the pods of a workload, in the mean over pods
// and for the busiest container: an idle sidecar must not hide a saturated
// container of the service, or vice versa. Containers with only one of the two
// do not count: a pod that has just started has a limit but no rate yet and
// would dilute the others, a container without a limit would inflate them.
func utilisation(used, allowed string) string {
	return `max by (namespace, workload) (avg by (namespace, workload, container) (` + ofPods(`
    (`+used+`)
    / on (namespace, pod, container) (`+allowed+`)`) + `))`
}
