// Package placement is a plugin for kube-scheduler. Of the nodes that fit a pod of a managed
// service it prefers those with which every zone serves itself.
//
// It only scores, so no pod is ever unschedulable because of it. Pods of other workloads,
// and all pods while the adapter's data is stale or missing, are scheduled as if it were not
// there. It reads the adapter's metrics (desired replicas, call rates, affinity) once per step
// and namespace in the background; scheduling itself does no I/O.
//
// Only interfaces of k8s.io/kube-scheduler/framework are needed; a program that links
// kube-scheduler registers [New] under [Name].
package placement
