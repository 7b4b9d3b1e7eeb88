// Package schedulerperf measures the throughput of kube-scheduler with DeepScaler's plugin by
// Kubernetes' own scheduler_perf. An API server, etcd and the scheduler are in one process, and
// nodes are only objects.
package schedulerperf
