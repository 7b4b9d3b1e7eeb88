package telemetry

import (
	"math"
	"strings"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// long is the name of a Deployment whose pods' names are cut.
const long = "checkout-payments-reconciliation-worker-europe-west"

// cut is what remains of longer names in the names of their pods.
const cut = "reconciliation-of-payments-and-orders-for-the-european-mar"

// fault is telemetry as others have it, in a namespace of its own.
type fault struct {
	// change returns what differs from an application of the namespace.
	change func(all []series) []series
	// adjust changes the configuration.
	adjust func(*telemetry.Config)
	// name is what cart is called, if not cart, and other what web is.
	name, other string
	// want is what differs for web from the base.
	want map[estimator.Feature]float64
	// finding is part of the text of what is found, explained of its explanation.
	finding, explained string
}

// base is what web and cart have in common.
var base = map[estimator.Feature]float64{
	estimator.Replicas: pods, estimator.CPU: 0.6, estimator.Latency: 0.05, estimator.Requests: pods * requestsEach, estimator.Memory: 0.4,
}

// missing is a feature without a sample.
var missing = math.NaN()

var faults = map[string]fault{
	"base": {},
	"cadvisor scraped twice": {
		change: copied("container_", []string{"service", "kubelet"}, []string{"service", "mon-kubelet"})},
	"mesh scraped twice": {
		change: copied("istio_", []string{"job", "pods", "instance", "10.0.0.1:15020"}, []string{"job", "monitor", "instance", "10.0.0.1:15090"})},
	"servers in a pair": {
		change: copied("", []string{"prometheus_replica", "a"}, []string{"prometheus_replica", "b"})},
	"pods told apart by instance": {
		change: func(all []series) []series {
			return each(all, func(s series) []series {
				if s.is("istio") {
					s = s.with("instance", s.labels["pod"]+":15020", "pod", "")
				}
				return []series{s}
			})
		}},
	"generous sidecar": {
		change: sidecar(1, 0.01, 1), want: map[estimator.Feature]float64{estimator.CPU: 1}},
	"saturated sidecar": {
		change: sidecar(0.1, 1, 0.2), want: map[estimator.Feature]float64{estimator.CPU: 1}},
	"saturated sidecar that is ignored": {
		change: sidecar(0.1, 1, 0.2), want: map[estimator.Feature]float64{estimator.CPU: 0.2},
		adjust: func(c *telemetry.Config) { c.IgnoredContainers = []string{"log-shipper"} }},
	"two clusters, one of them asked for": {
		change: clusters, adjust: func(c *telemetry.Config) { c.Prometheus.Matchers = map[string]string{"cluster": "east"} }},
	"two clusters": {
		change: clusters, want: map[estimator.Feature]float64{estimator.Replicas: 6, estimator.Requests: 200},
		finding: "replicas: series of several workloads have the same name", explained: `exists with cluster="east" and "west"`},
	"half of the proxies scraped": {
		change: func(all []series) []series {
			return each(all, func(s series) []series {
				if pod := s.labels["pod"]; s.is("istio") && (strings.HasSuffix(pod, "x2b4c") || strings.HasSuffix(pod, "z9k5m")) {
					return nil
				}
				return []series{s}
			})
		},
		want:    map[estimator.Feature]float64{estimator.Requests: 50},
		finding: "requests: some pods of a service report no requests", explained: "2 of 4 of half-of-the-proxies-scraped/web"},
	"long name": {name: long,
		change: func(all []series) []series {
			return each(all, func(s series) []series {
				for label, value := range s.labels {
					switch {
					case value == "cart":
						s = s.with(label, long)
					case strings.HasPrefix(value, "cart-6b7c8d9f4-"):
						s = s.with(label, (long + "-6b7c8d9f4-")[:58]+value[len("cart-6b7c8d9f4-"):])
					}
				}
				return []series{s}
			})
		}},
	"names that are the same once they are cut": {name: cut + "-two", other: cut + "-one", change: owned},
	"no limits, but requests": {
		change: func(all []series) []series {
			return each(without(all, "container_spec"), func(s series) []series {
				if s.is("kube_pod_container_resource_limits") {
					s.metric = "kube_pod_container_resource_requests"
				}
				return []series{s}
			})
		}},
	"limits beside requests": {
		change: func(all []series) []series {
			return each(all, func(s series) []series {
				if !s.is("kube_pod_container_resource_limits") {
					return []series{s}
				}
				less, beside := s, s.with("container", "shell")
				less.metric, less.value, beside.metric, beside.value = "kube_pod_container_resource_requests", s.value/10, "kube_pod_container_resource_requests", 0.001
				return []series{s, less, beside}
			})
		}},
	"ambient":                  {change: reported("waypoint"), adjust: preset(telemetry.PresetIstioAmbient)},
	"ambient and sidecars":     {adjust: preset(telemetry.PresetIstioAmbient), change: copied("istio_", nil, []string{"reporter", "waypoint"})},
	"ambient without waypoint": {adjust: preset(telemetry.PresetIstioAmbient)},
	"linkerd": {adjust: preset(telemetry.PresetLinkerd), change: func(all []series) []series {
		return each(all, func(s series) []series {
			if !s.is("istio") {
				return []series{s}
			}
			s.metric = strings.NewReplacer("istio_requests_total", "response_total", "istio_request_duration_milliseconds", "response_latency_ms").Replace(s.metric)
			in := s.with("reporter", "", "source_workload", "", "source_workload_namespace", "", "direction", "inbound").
				rename("destination_workload", "deployment").rename("destination_workload_namespace", "namespace")
			out := s.with("reporter", "", "direction", "outbound", "pod", "client").
				rename("destination_workload", "dst_deployment").rename("destination_workload_namespace", "dst_namespace").
				rename("source_workload", "deployment").rename("source_workload_namespace", "namespace").with("dst_pod", s.labels["pod"])
			return []series{in, out}
		})
	}},
	"cilium": {adjust: preset(telemetry.PresetCilium), change: func(all []series) []series {
		return each(all, func(s series) []series {
			if s.is("istio") {
				if s.is("istio_request_duration_milliseconds_sum") {
					s.value, s.perSecond = s.value/1000, s.perSecond/1000
				}
				s.metric = strings.NewReplacer("istio_requests_total", "hubble_http_requests_total", "istio_request_duration_milliseconds", "hubble_http_request_duration_seconds").Replace(s.metric)
				s = s.with("reporter", "server").rename("destination_workload_namespace", "destination_namespace").rename("source_workload_namespace", "source_namespace")
			}
			return []series{s}
		})
	}},
	"otel": {adjust: preset(telemetry.PresetOTel), change: func(all []series) []series {
		return each(all, func(s series) []series {
			graph := s
			switch {
			case !s.is("istio"):
				return []series{s}
			case s.is("istio_requests_total"):
				graph.metric = "traces_service_graph_request_total"
				graph.labels = map[string]string{"client": s.labels["source_workload"], "server": s.labels["destination_workload"], "pod": s.labels["pod"]}
				return []series{graph}
			case s.is("istio_request_duration_milliseconds_sum"):
				s.value, s.perSecond = s.value/1000, s.perSecond/1000
			}
			s.metric = strings.ReplaceAll(s.metric, "istio_request_duration_milliseconds", "http_server_request_duration_seconds")
			return []series{s.with("reporter", "", "source_workload", "", "source_workload_namespace", "").
				rename("destination_workload", "k8s_deployment_name").rename("destination_workload_namespace", "k8s_namespace_name")}
		})
	}},
	"scraped every minute": {
		change:  sampledEvery("", time.Minute),
		want:    map[estimator.Feature]float64{estimator.CPU: missing, estimator.Latency: missing, estimator.Requests: missing},
		finding: "requests: no data: the metric is sampled too rarely for rateWindow", explained: "about every 1m0s: set scrapeInterval to that or, if it is a gauge, rateWindow to at least 2m0s"},
	"scraped every minute with a rate window that fits": {
		change: sampledEvery("", time.Minute), adjust: func(c *telemetry.Config) {
			c.RateWindow = 4 * time.Minute
			c.ScrapeInterval = c.LongestScrapeInterval()
		}},
	"scraped more rarely than stated": {
		change: func(all []series) []series {
			return late("istio_", 30*time.Second)(sampledEvery("istio_", time.Minute)(all))
		},
		adjust:  func(c *telemetry.Config) { c.RateWindow = 4 * time.Minute },
		want:    map[estimator.Feature]float64{estimator.Requests: missing},
		finding: "requests: no data: the metric is sampled too rarely for rateWindow", explained: ": set scrapeInterval to that"},
	"limits exported every four minutes": {
		change: func(all []series) []series {
			return late("kube_pod", 100*time.Second)(sampledEvery("kube_pod", 4*time.Minute)(without(all, "container_spec")))
		},
		want:    map[estimator.Feature]float64{estimator.CPU: missing, estimator.Memory: missing},
		finding: "the metric is sampled too rarely for rateWindow", explained: "kube_pod_container_resource_limits has a sample about every"},
	"no honor_labels": {
		change: func(all []series) []series {
			return each(without(all, "container_spec"), func(s series) []series {
				if s.is("kube_pod") {
					s = s.rename("namespace", "exported_namespace").rename("pod", "exported_pod").rename("container", "exported_container").
						with("namespace", "monitoring", "pod", "kube-state-metrics-5d4f8bcc97-x2x4z")
				}
				return []series{s}
			})
		},
		want:    map[estimator.Feature]float64{estimator.CPU: missing, estimator.Memory: missing},
		finding: "cpu: no data: the labels of the metric are those of its exporter", explained: "honor_labels: true"},
	"neither limits nor requests": {
		change:  func(all []series) []series { return without(all, "container_spec", "kube_pod") },
		want:    map[estimator.Feature]float64{estimator.CPU: missing, estimator.Memory: missing},
		finding: "cpu: no data: the containers have no limits or requests"},
	"no cadvisor": {
		change:  func(all []series) []series { return without(all, "container_") },
		want:    map[estimator.Feature]float64{estimator.CPU: missing, estimator.Memory: missing},
		finding: "memory: no data: the usage of the containers is not measured"},
	"waypoints under the wrong preset": {
		change:  reported("waypoint"),
		want:    map[estimator.Feature]float64{estimator.Latency: missing, estimator.Requests: missing},
		finding: "requests: no data: only waypoints count the requests", explained: "istio-ambient"},
	"callers alone": {
		change:  reported("source"),
		want:    map[estimator.Feature]float64{estimator.Latency: missing, estimator.Requests: missing},
		finding: "requests: no data: only the callers count the requests"},
	"other preset": {adjust: preset(telemetry.PresetLinkerd),
		want:    map[estimator.Feature]float64{estimator.Latency: missing, estimator.Requests: missing},
		finding: "requests: no data: the metric has no series in the namespace"},
	"native histograms": {change: func(all []series) []series { return without(all, "istio_request_duration") }},
}
