package telemetry

import (
	"maps"
	"slices"

	"github.com/deepscaler/deepscaler/estimator"
)

// The presets differ in the source of requests. cpu and memory are used ÷ limit
// of the busiest container, as in Table I, and used ÷ request for pods without
// any limit.
const (
	// PresetIstio reads the metrics of Istio's sidecars.
	PresetIstio = "istio"
	// PresetIstioResourceRequests measures cpu and memory against the resource
	// requests of the containers even if they have limits. 1 then means that
	// every replica uses its request, as with the averageUtilization of an HPA,
	// and more than 1 is possible.
	PresetIstioResourceRequests = "istio-resource-requests"
	// PresetIstioAmbient reads the metrics of Istio's waypoints, or of sidecars
	// where a service has those instead. For a service with both, as during a
	// migration, the larger one counts.
	PresetIstioAmbient = "istio-ambient"
	// PresetLinkerd reads the metrics of Linkerd's proxies. Their latency is
	// the time to the first byte.
	PresetLinkerd = "linkerd"
	// PresetCilium reads the HTTP metrics of Hubble. They need the labels
	// source_namespace, source_workload, destination_namespace and
	// destination_workload (httpV2:labelsContext=…).
	PresetCilium = "cilium"
	// PresetOTel reads the HTTP server durations of OpenTelemetry, and the
	// graph of the collector's service-graph connector. The resource attributes
	// k8s.namespace.name and k8s.deployment.name must be promoted to labels.
	PresetOTel = "otel"
)

// Presets returns the names of all presets.
func Presets() []string {
	return []string{PresetIstio, PresetIstioResourceRequests, PresetIstioAmbient, PresetLinkerd, PresetCilium, PresetOTel}
}

// nativeLatency is the query for latency from native histograms, which have no
// series _sum and _count. It runs only if the usual one finds nothing, because
// backends without native histograms reject it.
const nativeLatency = "latency of native histograms"

// preset returns the queries of a preset by feature name, [CallsQuery] or
// nativeLatency.
func preset(name string) (queries map[string]string, ok bool) {
	traffic, ok := trafficOf[name]
	if !ok {
		return nil, false
	}
	queries = map[string]string{
		string(estimator.Replicas): queryReplicas,
		string(estimator.CPU):      utilisation(usageCPU, orRequests("cpu", limitCPU, requestCPU)),
		string(estimator.Memory):   utilisation(usageMemory, orRequests("memory", limitMemory, requestMemory)),
	}
	if name == PresetIstioResourceRequests {
		queries[string(estimator.CPU)] = utilisation(usageCPU, requestCPU)
		queries[string(estimator.Memory)] = utilisation(usageMemory, requestMemory)
	}
	maps.Copy(queries, traffic.queries())
	return queries, true
}

// trafficOf is the traffic of every preset.
var trafficOf = map[string]traffic{
	PresetIstio:                 istio(`reporter="destination"`),
	PresetIstioResourceRequests: istio(`reporter="destination"`),
	PresetIstioAmbient:          istio(`reporter=~"destination|waypoint"`),
	PresetLinkerd:               linkerd,
	PresetCilium:                cilium,
	PresetOTel:                  otel,
}

// traffic describes the metrics of one source of requests.
type traffic struct {
	// requests is a counter; duration a histogram without its suffix, in units
	// of which perSecond make a second.
	requests, duration string
	perSecond          string
	// selector are the matchers for series of the destination, without that of
	// the namespace.
	selector string
	// namespace and workload are the labels that name the destination.
	namespace, workload string
	// reporters, if set, is a label whose values count the same requests: the
	// largest count is used.
	reporters string
	// calls is the query for the graph.
	calls string
}

// istio is the traffic from the given reporter of Istio.
// https://istio.io/latest/docs/reference/config/metrics/
func istio(reporter string) traffic {
	t := traffic{
		requests: "istio_requests_total", duration: "istio_request_duration_milliseconds", perSecond: "1000",
		selector: reporter, namespace: "destination_workload_namespace", workload: "destination_workload",
	}
	edges := []string{"source_workload_namespace", "source_workload", t.namespace, t.workload}
	if reporter != `reporter="destination"` {
		t.reporters = "reporter"
	}
	t.calls = t.total(edges, "{{.Span}}")
	return t
}

// linkerd is the traffic from Linkerd's proxies. Inbound metrics lack the
// source, so the graph comes from outbound ones.
// https://linkerd.io/2/reference/proxy-metrics/
var linkerd = traffic{
	requests: "response_total", duration: "response_latency_ms", perSecond: "1000",
	selector: `direction="inbound"`, namespace: "namespace", workload: "deployment",
	calls: relabel(relabel(relabel(relabel(
		`sum by (namespace, deployment, dst_namespace, dst_deployment) (`+
			onceEach(`rate(response_total{direction="outbound", dst_namespace=~"{{.Namespaces}}"{{.Matchers}}}[{{.Span}}])`)+`)`,
		"destination_workload_namespace", "dst_namespace"), "destination_workload", "dst_deployment"),
		"source_workload_namespace", "namespace"), "source_workload", "deployment"),
}

// cilium is the traffic from Hubble with labelsContext.
// https://docs.cilium.io/en/stable/observability/metrics/
var cilium = traffic{
	requests: "hubble_http_requests_total", duration: "hubble_http_request_duration_seconds", perSecond: "1",
	selector: `reporter="server"`, namespace: "destination_namespace", workload: "destination_workload",
	calls: relabel(relabel(
		`sum by (source_namespace, source_workload, destination_namespace, destination_workload) (`+
			onceEach(`rate(hubble_http_requests_total{reporter="server", destination_namespace=~"{{.Namespaces}}"{{.Matchers}}}[{{.Span}}])`)+`)`,
		"destination_workload_namespace", "destination_namespace"), "source_workload_namespace", "source_namespace"),
}

// otel is the traffic from OpenTelemetry's instrumentation. The service-graph
// connector omits namespaces, so a graph over several namespaces needs a custom
// query. https://opentelemetry.io/docs/specs/semconv/http/http-metrics/
var otel = traffic{
	requests: "http_server_request_duration_seconds_count", duration: "http_server_request_duration_seconds", perSecond: "1",
	selector: `k8s_deployment_name!=""`, namespace: "k8s_namespace_name", workload: "k8s_deployment_name",
	calls: relabel(relabel(`label_replace(label_replace(
  sum by (client, server) (`+onceEach(`rate(traces_service_graph_request_total{server!=""{{.Matchers}}}[{{.Span}}])`)+`),
  "destination_workload_namespace", "{{.Namespaces}}", "", ""), "source_workload_namespace", "{{.Namespaces}}", "", "")`,
		"destination_workload", "server"), "source_workload", "client"),
}

// selected returns the metric with all matchers.
func (t traffic) selected(metric string) string {
	return metric + `{` + t.selector + `, ` + t.namespace + `=~"{{.Namespaces}}"{{.Matchers}}}`
}

// total returns requests per second by the labels, each copy and, where there
// are several, each reporter counted once.
func (t traffic) total(by []string, window string) string {
	sum := func(labels []string) string {
		return `sum by (` + join(labels) + `) (` + onceEach(`rate(`+t.selected(t.requests)+`[`+window+`])`) + `)`
	}
	if t.reporters == "" {
		return sum(by)
	}
	return `max by (` + join(by) + `) (` + sum(append(slices.Clone(by), t.reporters)) + `)`
}

// queries returns the queries for requests, latency and the graph. They aggregate
// after rate, never before: rate needs single counters to handle the reset of a
// restarted proxy or container.
//
// Requests count at the destination only, because reports of the source would
// count in-mesh traffic twice. A service has no series before its first
// request, so its rate is missing until then and 0 in quiet times after it.
//
// When a scrape is lost or late, rate extends what was counted by half an interval
// only and divides it by the whole window, which looks like falling demand. So a
// rate without samples at both ends of its window is missing. The condition applies
// to the service, not the series: the last requests of a removed pod count, and the
// first of a new one.
//
// Latency is 0/0, so NaN and then missing, when no request was answered. Copies
// of its series cancel.
func (t traffic) queries() map[string]string {
	named := func(promql string) string {
		return relabel(relabel(promql, "namespace", t.namespace), "workload", t.workload)
	}
	by := join([]string{t.namespace, t.workload})
	mean := func(sum, count string) string {
		return named(`sum by (` + by + `) (` + sum + `)
  / sum by (` + by + `) (` + count + `)
  / ` + t.perSecond)
	}
	rate := func(metric string) string { return `rate(` + t.selected(metric) + `[{{.RateWindow}}])` }
	return map[string]string{
		string(estimator.Requests): named(t.total([]string{t.namespace, t.workload}, "{{.RateWindow}}") + `
  and group by (` + by + `) (last_over_time(` + t.selected(t.requests) + `[{{.Edge}}]))
  and group by (` + by + `) (last_over_time(` + t.selected(t.requests) + `[{{.Edge}}] offset {{.BeforeEdge}}))`),
		string(estimator.Latency): mean(rate(t.duration+"_sum"), rate(t.duration+"_count")),
		nativeLatency:             mean(`histogram_sum(`+rate(t.duration)+`)`, `histogram_count(`+rate(t.duration)+`)`),
		CallsQuery:                t.calls,
	}
}
