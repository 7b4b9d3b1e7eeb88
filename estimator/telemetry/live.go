package telemetry

import "github.com/deepscaler/deepscaler/estimator"

// Features beside those of Table I, for which [LiveQueries] has the queries.
const (
	// Planned is the number of replicas that DeepScaler planned, in shadow or not, as its
	// adapter exports it.
	Planned estimator.Feature = "planned"
	// Cores is the CPU limit of one replica, all containers together, or its request
	// where it has no limit.
	Cores estimator.Feature = "cores"
)

// LiveQueries returns the queries of [Planned] and [Cores], for [Config.Queries].
func LiveQueries() map[string]string {
	exported := func(metric string) string {
		return `max by (namespace, workload) (label_replace(
  last_over_time(` + metric + `{namespace=~"{{.Namespaces}}"{{.Matchers}}}[{{.RateWindow}}]),
  "workload", "$1", "service", "(.*)"))`
	}
	return map[string]string{
		string(Planned): exported("deepscaler_shadow_replicas") + `
or ` + exported("deepscaler_desired_replicas"),
		string(Cores): `avg by (namespace, workload) (sum by (namespace, pod, workload) (` +
			ofPods(`
    (`+orRequests("cpu", limitCPU, requestCPU)+`)`) + `))`,
	}
}
