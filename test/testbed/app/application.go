package app

// APIVersion and Kind are the first two fields of every description.
const (
	APIVersion = "testbed.deepscaler.io/v1alpha1"
	Kind       = "Application"
)

// Application is one microservice application.
type Application struct {
	// APIVersion is always [APIVersion].
	APIVersion string `yaml:"apiVersion"`
	// Kind is always [Kind].
	Kind string `yaml:"kind"`
	// Name is a DNS label; it names the application in metrics and files.
	Name string `yaml:"name"`
	// Protocol is spoken between services: "http" (the default) or "grpc". Users
	// always speak HTTP.
	Protocol string `yaml:"protocol,omitempty"`
	// SLO is the promise to users.
	SLO SLO `yaml:"slo"`
	// Balancing chooses the replica for a call.
	Balancing Balancing `yaml:"balancing,omitempty"`
	// Defaults hold for every service that does not override them.
	Defaults Serving `yaml:"defaults,omitempty"`
	// Services in the order of every table and file the testbed writes.
	Services []Service `yaml:"services"`
	// Users describes the behaviour of users.
	Users Users `yaml:"users"`
}

// SLO is the service-level objective on the end-to-end response that users see
// (§III-A of the paper: a step in which it is not met counts into T_violation).
type SLO struct {
	// Latency is the bound on Statistic over one step.
	Latency Duration `yaml:"latency"`
	// Statistic is "mean" (the default), "p50", "p95" or "p99", over the
	// successful requests that ended in the step.
	Statistic Statistic `yaml:"statistic,omitempty"`
	// Errors is the share of failed requests in a step above which the step is a
	// violation whatever its latency, 0 ≤ Errors < 1. The default is 0.01.
	Errors *float64 `yaml:"errors,omitempty"`
}

// ErrorBudget is the share of failed requests that a step may have.
func (s SLO) ErrorBudget() float64 {
	if s.Errors == nil {
		return 0.01
	}
	return *s.Errors
}

// Statistic names the statistic of a step's latencies that an SLO bounds.
type Statistic string

// The statistics an SLO can bound.
const (
	Mean Statistic = "mean"
	P50  Statistic = "p50"
	P95  Statistic = "p95"
	P99  Statistic = "p99"
)

// Balancing is a load-balancing policy over the ready replicas of a service.
type Balancing string

const (
	// LeastRequest takes the less busy of two replicas drawn at random (power of
	// two choices), Envoy's default. The testbed counts all calls of a replica,
	// where each Envoy counts only its own.
	LeastRequest Balancing = "leastRequest"
	// RoundRobin takes the replicas in turn.
	RoundRobin Balancing = "roundRobin"
)

// Serving is the capacity of one replica of a service.
type Serving struct {
	// Concurrency is the number of calls a replica works on at a time, waiting on
	// callees included. More wait in a first-in first-out queue in front of it.
	Concurrency int `yaml:"concurrency,omitempty"`
	// Queue is the number of calls that may wait in front of a replica; further
	// calls get 503 (response flag UO).
	Queue int `yaml:"queue,omitempty"`
	// Timeout is how long callers of the service wait before they give up with
	// 504 (response flag UT).
	Timeout Duration `yaml:"timeout,omitempty"`
	// StartDelay is the time from the creation of a replica until it is ready.
	StartDelay Duration `yaml:"startDelay,omitempty"`
	// Burst is the CPU time that an idle replica can save up, as a time at its
	// limit. Kubernetes enforces a CPU limit as a quota per period of 100 ms, so a
	// request on a quiet replica runs at the full speed of a core until the quota
	// is used: 100ms models that. With 0 the limit binds at every instant.
	Burst Duration `yaml:"burst,omitempty"`
	// Idle is the usage of a replica without calls.
	Idle Usage `yaml:"idle,omitempty"`
	// MemoryPerCall is the memory of every call that a replica has queued or in
	// work.
	MemoryPerCall Bytes `yaml:"memoryPerCall,omitempty"`
	// Demand is the default cost of one call at an endpoint.
	Demand Demand `yaml:"demand,omitempty"`
}

// Usage is an amount of CPU and memory in use.
type Usage struct {
	CPU    CPU   `yaml:"cpu,omitempty"`
	Memory Bytes `yaml:"memory,omitempty"`
}

// Demand is the cost of one call to an endpoint, without its callees.
type Demand struct {
	// CPU is the mean CPU time on one core. An endpoint with callees spends half
	// of it before the first and half after the last of them.
	CPU Duration `yaml:"cpu,omitempty"`
	// Latency is the mean time spent off the CPU (datastores, network, sidecars)
	// while the call holds its place.
	Latency Duration `yaml:"latency,omitempty"`
	// Distribution of CPU and Latency, drawn independently: "exponential" (the
	// default), "lognormal" or "constant".
	Distribution Distribution `yaml:"distribution,omitempty"`
	// CV is the coefficient of variation (standard deviation ÷ mean) of a
	// lognormal distribution, > 0.
	CV Positive `yaml:"cv,omitempty"`
}

// Distribution is a family of distributions on the positive numbers.
type Distribution string

// The distributions of demands.
const (
	Exponential Distribution = "exponential"
	Lognormal   Distribution = "lognormal"
	Constant    Distribution = "constant"
)

// Service is one workload.
type Service struct {
	// Name is a DNS label: the Deployment and the Istio workload.
	Name string `yaml:"name"`
	// Image is shown in manifests and cAdvisor series; empty means a made-up one.
	Image string `yaml:"image,omitempty"`
	// Replicas at the start.
	Replicas int `yaml:"replicas"`
	// Resources of the application container.
	Resources Resources `yaml:"resources"`
	// Serving overrides the application's defaults.
	Serving `yaml:",inline"`
	// Endpoints are the operations of the service. A service without any is
	// deployed and never called.
	Endpoints []Endpoint `yaml:"endpoints,omitempty"`
}

// Resources are Kubernetes resource requests and limits.
type Resources struct {
	Requests Usage `yaml:"requests,omitempty"`
	Limits   Usage `yaml:"limits"`
}

// Endpoint is one operation of a service and the calls it makes.
type Endpoint struct {
	// Name is unique within the service.
	Name string `yaml:"name"`
	// Demand overrides the demand of the service field by field.
	Demand Demand `yaml:"demand,omitempty"`
	// Calls are made one after another; each blocks the caller until it is
	// answered. A call that fails fails the endpoint with 500.
	Calls []Call `yaml:"calls,omitempty"`
}

// Call is either one call to an endpoint or a group of branches that run at the
// same time.
type Call struct {
	// Service and Endpoint name the callee.
	Service  string `yaml:"service,omitempty"`
	Endpoint string `yaml:"endpoint,omitempty"`
	// Times is the mean number of repeats, one after another; 0 means 1. The
	// fraction of a mean is the probability of one more repeat: 2.76 means two
	// repeats and a third with probability 0.76.
	Times Positive `yaml:"times,omitempty"`
	// Probability that the call (with all its repeats) is made at all; 0 means 1.
	Probability Positive `yaml:"probability,omitempty"`
	// Parallel branches run at the same time, each a sequence of calls; the caller
	// continues when all have ended. Excludes the other fields except Probability.
	Parallel [][]Call `yaml:"parallel,omitempty"`
}
