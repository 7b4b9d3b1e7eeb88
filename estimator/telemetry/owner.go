package telemetry

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

// Pods and their workloads from the owners in kube-state-metrics. A ReplicaSet
// without an owner is a workload itself.
const (
	podOwners = `last_over_time(kube_pod_owner{namespace=~"{{.Namespaces}}"{{.Matchers}}}[{{.Span}}])`

	ownersOfPods = `(
  max by (namespace, pod, workload) (label_replace(last_over_time(kube_pod_owner{owner_kind!~"ReplicaSet|ReplicationController|Node|Job|<none>|", namespace=~"{{.Namespaces}}"{{.Matchers}}}[{{.Span}}]),
    "workload", "$1", "owner_name", "(.+)"))
  or
  max by (namespace, pod, replicaset) (label_replace(last_over_time(kube_pod_owner{owner_kind="ReplicaSet", namespace=~"{{.Namespaces}}"{{.Matchers}}}[{{.Span}}]),
    "replicaset", "$1", "owner_name", "(.+)"))
  * on (namespace, replicaset) group_left (workload) max by (namespace, replicaset, workload) (label_replace(label_replace(
    last_over_time(kube_replicaset_owner{namespace=~"{{.Namespaces}}"{{.Matchers}}}[{{.Span}}]),
    "workload", "$1", "replicaset", "(.+)"), "workload", "$1", "owner_name", "([^<].*)"))
)`
)

// mostOwned bounds the number of pods whose workload comes from their owner.
const mostOwned = 500

// owners stores the pods with misleading names, by namespaces.
type owners struct {
	mu    sync.Mutex
	known map[string]owned
}

type owned struct {
	at time.Time
	// pods are names, by the owning workload.
	pods map[string][]string
}

// byOwner adds to the exceptions of query the pods whose owner is not the
// workload in their name, for instance because two names are equal after
// truncation. It queries only those, at most every tenth step; all other pods
// are identified by name.
func (s *Source) byOwner(ctx context.Context, services []estimator.Service, end time.Time, query Query) Query {
	s.owners.mu.Lock()
	before, known := s.owners.known[query.Namespaces]
	s.owners.mu.Unlock()
	if age := end.Sub(before.at); !known || age < 0 || age >= checkSteps*s.step {
		before = owned{end, s.misleading(ctx, services, end, query)}
		s.owners.mu.Lock()
		s.owners.known[query.Namespaces] = before
		s.owners.mu.Unlock()
	}
	for _, s := range services {
		if pods := before.pods[s.Name]; len(pods) > 0 {
			query.except(s.Name, strings.Join(pods, "|"))
		}
	}
	return query
}

// misleading returns the pods of the services with misleading names, by
// workload.
func (s *Source) misleading(ctx context.Context, services []estimator.Service, end time.Time, query Query) map[string][]string {
	_, vector := s.instantly(ctx, "owners", ownersOfPods+`
unless on (namespace, pod, workload) max by (namespace, pod, workload) (`+ofPods(podOwners)+`)`, query, end)
	pods := map[string][]string{}
	for i, sample := range vector {
		owner := serviceOf(sample.Metric, labelNamespace, labelWorkload)
		if i < mostOwned && slices.Contains(services, owner) {
			pods[owner.Name] = append(pods[owner.Name], regexp.QuoteMeta(string(sample.Metric["pod"])))
		}
	}
	for _, names := range pods {
		slices.Sort(names)
	}
	return pods
}
