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

// Pods and their workloads by what kube-state-metrics says of their owners. A
// ReplicaSet without an owner is a workload itself.
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

// mostOwned bounds the pods whose workload is not read from their names.
const mostOwned = 500

// owners remembers the pods whose names mislead, by namespaces.
type owners struct {
	mu    sync.Mutex
	known map[string]owned
}

type owned struct {
	at time.Time
	// pods are names by the workload that owns them.
	pods map[string][]string
}

// byOwner adds to the exceptions of query the pods whose owner is another
// workload than their names say: two names that are the same once they are cut,
// for instance. It asks for them at most every tenth step, and asks for those
// alone, so that names remain what most pods are told by.
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

// misleading returns the pods of the services whose owner their names do not
// tell, by workload.
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
