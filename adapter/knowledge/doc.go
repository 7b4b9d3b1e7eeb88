// Package knowledge reads desired replicas, call rates and affinity of applications from the
// adapter's external metrics. The plugin for kube-scheduler places pods by them, and kubectl
// deepscaler placement reports by them.
package knowledge
