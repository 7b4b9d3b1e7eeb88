// Package schedulerperf measures the throughput of kube-scheduler with DeepScaler's plugin by
// Kubernetes' own scheduler_perf: an API server, etcd and the scheduler in one process, and
// nodes that are only objects.
package schedulerperf
