package exposition

import "github.com/prometheus/client_golang/prometheus"

// The mesh gateway through which users come.
const (
	ingress          = "istio-ingressgateway"
	ingressNamespace = "istio-system"
)

// The proxy in every pod: an assumption of the size that Istio documents as typical.
const (
	proxyContainer   = "istio-proxy"
	proxyImage       = "docker.io/istio/proxyv2:1.27.0"
	proxyShare       = 0.1 // of the CPU of the container it serves
	proxyCPULimit    = 2.0
	proxyMemory      = 45 << 20
	proxyMemoryLimit = 1 << 30
)

// period is the default CFS period in microseconds.
const period = 100_000

func mesh() []string {
	return []string{
		"reporter", "pod", "request_protocol", "response_code", "response_flags", "connection_security_policy",
		"source_workload", "source_workload_namespace", "source_canonical_service", "source_version",
		"destination_workload", "destination_workload_namespace", "destination_canonical_service", "destination_version",
		"destination_service", "destination_service_name", "destination_service_namespace",
	}
}

func cgroups(more ...string) []string {
	return append([]string{"namespace", "pod", "container", "image", "id", "name"}, more...)
}

var (
	requestsTotal   = prometheus.NewDesc("istio_requests_total", "Requests handled by a proxy.", mesh(), nil)
	requestDuration = prometheus.NewDesc("istio_request_duration_milliseconds", "Duration of requests in milliseconds.", mesh(), nil)

	cpuUsage         = prometheus.NewDesc("container_cpu_usage_seconds_total", "Cumulative CPU time consumed in seconds.", cgroups("cpu"), nil)
	cpuQuota         = prometheus.NewDesc("container_spec_cpu_quota", "CPU quota of the container in microseconds per period.", cgroups(), nil)
	cpuPeriod        = prometheus.NewDesc("container_spec_cpu_period", "CPU period of the container in microseconds.", cgroups(), nil)
	memoryUsage      = prometheus.NewDesc("container_memory_usage_bytes", "Current memory usage in bytes, whenever it was accessed.", cgroups(), nil)
	memoryWorkingSet = prometheus.NewDesc("container_memory_working_set_bytes", "Current working set in bytes.", cgroups(), nil)
	memoryLimit      = prometheus.NewDesc("container_spec_memory_limit_bytes", "Memory limit of the container in bytes.", cgroups(), nil)

	// Seconds that users waited, by the status of the answer: a name of the testbed's own.
	userDuration = prometheus.NewDesc("testbed_request_duration_seconds", "End-to-end duration of the requests of users.", []string{"namespace", "application", "response_code"}, nil)

	readyReplicas = prometheus.NewDesc("kube_deployment_status_replicas_ready", "Ready replicas of a deployment.", []string{"namespace", "deployment"}, nil)
)
