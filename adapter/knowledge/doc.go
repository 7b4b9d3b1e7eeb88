// Package knowledge reads what the adapter knows of applications from its external
// metrics: desired replicas, call rates and affinity. The plugin for kube-scheduler places pods by it,
// and kubectl deepscaler placement reports by it.
package knowledge
