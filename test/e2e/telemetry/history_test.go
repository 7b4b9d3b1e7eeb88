package telemetry

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The common base: two services of four pods each, whose samples come every
// quarter of a minute.
const (
	scrapedEvery = 15 * time.Second
	recorded     = 11 * time.Minute
	pods         = 4
	requestsEach = 25.0 // per second
)

// series is one series of a history, with a value that grows evenly.
type series struct {
	metric    string
	labels    map[string]string
	value     float64 // at the end
	perSecond float64
	every     time.Duration // between two samples
	missing   time.Duration // how long before the end the last sample is
}

// with returns s with other labels; an empty one is removed.
func (s series) with(labels ...string) series {
	s.labels = maps.Clone(s.labels)
	if s.labels == nil {
		s.labels = map[string]string{}
	}
	for i := 0; i < len(labels); i += 2 {
		if s.labels[labels[i]] = labels[i+1]; labels[i+1] == "" {
			delete(s.labels, labels[i])
		}
	}
	return s
}

// rename moves a label.
func (s series) rename(from, to string) series { return s.with(to, s.labels[from], from, "") }

// is reports whether the metric begins so.
func (s series) is(prefix string) bool { return strings.HasPrefix(s.metric, prefix) }

// application returns the series of web, which the gateway calls, and of cart,
// which web calls, in a namespace.
func application(namespace string) []series {
	return append(service(namespace, "web", "istio-system", "istio-ingressgateway"), service(namespace, "cart", namespace, "web")...)
}

func service(namespace, name, sourceNamespace, source string) []series {
	var all []series
	add := func(metric string, value, perSecond float64, labels ...string) {
		all = append(all, series{metric: metric, value: value, perSecond: perSecond, every: scrapedEvery}.with(labels...))
	}
	for i := range pods {
		pod := name + "-6b7c8d9f4-" + []string{"x2b4c", "z9k5m", "q7w8n", "t4v6f"}[i]
		mesh := []string{"reporter", "destination", "destination_workload", name, "destination_workload_namespace", namespace,
			"source_workload", source, "source_workload_namespace", sourceNamespace, "pod", pod, "namespace", namespace}
		add("istio_requests_total", 1e6, requestsEach, mesh...)
		add("istio_request_duration_milliseconds_sum", 5e7, 50*requestsEach, mesh...)
		add("istio_request_duration_milliseconds_count", 1e6, requestsEach, mesh...)
		container := []string{"namespace", namespace, "pod", pod, "container", "app"}
		add("container_cpu_usage_seconds_total", 1e4, 0.3, container...)
		add("container_spec_cpu_quota", 50000, 0, container...)
		add("container_spec_cpu_period", 100000, 0, container...)
		add("container_memory_usage_bytes", 1e8, 0, container...)
		add("container_spec_memory_limit_bytes", 2.5e8, 0, container...)
		add("kube_pod_container_resource_limits", 0.5, 0, append(container, "resource", "cpu")...)
		add("kube_pod_container_resource_limits", 2.5e8, 0, append(container, "resource", "memory")...)
	}
	add("kube_deployment_status_replicas_ready", pods, 0, "namespace", namespace, "deployment", name)
	return all
}

// each returns what change makes of every series.
func each(all []series, change func(series) []series) []series {
	var out []series
	for _, s := range all {
		out = append(out, change(s)...)
	}
	return out
}

// without returns the series of other metrics.
func without(all []series, prefixes ...string) []series {
	return slices.DeleteFunc(slices.Clone(all), func(s series) bool { return slices.ContainsFunc(prefixes, s.is) })
}

// history serves the past up to the moment, with the times at which it was.
// What Prometheus has of it, it does not take again.
type history struct {
	series []series
	began  time.Time
}

func newHistory(all []series) *history {
	slices.SortStableFunc(all, func(a, b series) int { return strings.Compare(a.metric, b.metric) })
	return &history{all, time.Now().Truncate(scrapedEvery)}
}

// ServeHTTP implements [http.Handler].
func (h *history) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	now := time.Now()
	var out []byte
	metric := ""
	for _, s := range h.series {
		if s.metric != metric {
			metric = s.metric
			out = fmt.Appendf(out, "# TYPE %s untyped\n", metric)
		}
		var labels []string
		for _, name := range slices.Sorted(maps.Keys(s.labels)) {
			labels = append(labels, fmt.Sprintf("%s=%q", name, s.labels[name]))
		}
		name := metric + "{" + strings.Join(labels, ",") + "} "
		for at := h.began.Add(-recorded.Truncate(s.every)); !at.After(now.Add(-s.missing)); at = at.Add(s.every) {
			out = fmt.Appendf(out, "%s%f %d\n", name, s.value+s.perSecond*at.Sub(h.began).Seconds(), at.UnixMilli())
		}
	}
	_, _ = w.Write(out)
}
