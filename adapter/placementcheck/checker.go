package placementcheck

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/deepscaler/deepscaler/adapter/knowledge"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/placement"
)

// Client is the part of a [k8s.io/client-go/kubernetes.Interface] that a [Checker] needs.
type Client interface {
	CoreV1() corev1client.CoreV1Interface
}

// Checker looks at a cluster with the rights of its user. It changes nothing.
type Checker struct {
	Client Client
	// Adapter has the metrics of the adapter.
	Adapter knowledge.Reader
	Now     func() time.Time
}

// Check reports on the applications with services in a namespace, ordered by name. With the
// name of a service the reports have that one alone in their list of services. Errors
// state what is missing and what to do about it.
func (c *Checker) Check(ctx context.Context, namespace, service string) ([]*Report, error) {
	applications, err := c.applications(ctx, namespace, service)
	if err != nil {
		return nil, err
	}
	inv, err := c.inventory(ctx)
	if err != nil {
		return nil, err
	}
	var reports []*Report
	for _, a := range applications {
		r, err := c.report(ctx, a, inv)
		if err != nil {
			return nil, fmt.Errorf("application %s: %w", a.Name, err)
		}
		if service != "" {
			r.Services = slices.DeleteFunc(r.Services, func(s Service) bool { return s.Namespace != namespace || s.Name != service })
		}
		reports = append(reports, r)
	}
	return reports, nil
}

// applications reads the namespace, and those that its applications reach.
func (c *Checker) applications(ctx context.Context, namespace, service string) ([]*knowledge.Application, error) {
	namespaces, reports := []string{namespace}, []*knowledge.Report(nil)
	for i := 0; i < len(namespaces); i++ {
		r, err := knowledge.Read(ctx, c.Adapter, namespaces[i])
		if err != nil {
			return nil, fmt.Errorf("%w%s", err, hint(err))
		}
		reports = append(reports, r)
		for _, other := range r.Namespaces() {
			if !slices.Contains(namespaces, other) {
				namespaces = append(namespaces, other)
			}
		}
	}
	var all []*knowledge.Application
	found := false
	for s, a := range knowledge.Join(reports) {
		if s.Namespace != namespace {
			continue
		}
		if service == "" || s.Name == service {
			found = true
			all = append(all, a)
		}
	}
	if !found && service != "" {
		return nil, fmt.Errorf("DeepScaler scales no service %s in namespace %s: kubectl deepscaler status -n %s lists those that it scales", service, namespace, namespace)
	}
	if !found {
		return nil, fmt.Errorf("the external metrics API has no service of namespace %s that DeepScaler scales: kubectl deepscaler check -n %s reports what is missing", namespace, namespace)
	}
	slices.SortFunc(all, func(a, b *knowledge.Application) int { return cmp.Compare(a.Name, b.Name) })
	return slices.Compact(all), nil
}

func hint(err error) string {
	switch {
	case apierrors.IsForbidden(err):
		return "\nwho may view a namespace may read its metrics: bind the role view or deepscaler-metric-reader in every namespace of the application"
	case apierrors.IsServiceUnavailable(err):
		return "\nsee kubectl get apiservice v1beta1.external.metrics.k8s.io"
	}
	return ""
}

// between reports whether an application has calls from one service to another.
func between(calls []estimator.Call) bool {
	return slices.ContainsFunc(calls, func(c estimator.Call) bool {
		return c.Source != estimator.Outside && c.Source != c.Destination && c.Rate > 0
	})
}

func (c *Checker) report(ctx context.Context, a *knowledge.Application, inv *inventory) (*Report, error) {
	if !between(a.Calls) {
		return nil, errors.New("the adapter has no rates of calls between its services\n" +
			"kubectl get --raw /apis/external.metrics.k8s.io/v1beta1 lists deepscaler_call_rate if the adapter is new enough; otherwise update it\n" +
			"if it does, no mesh or tracing counts the calls: kubectl deepscaler check reports on the call graph")
	}
	switch {
	case len(inv.zones) == 1 && inv.zones[0] == "":
		return nil, errors.New("no node has the label topology.kubernetes.io/zone, so there are no zones to tell apart: label the nodes")
	case len(inv.zones) == 1:
		return nil, fmt.Errorf("all nodes are in zone %s: no call crosses zones, and there is nothing to gain", inv.zones[0])
	}
	l := inv.lay(ctx, a)
	if len(l.pods) == 0 {
		return nil, errors.New("none of its pods runs on a node: look again when they do")
	}
	routes, err := c.routes(ctx, a, l)
	if err != nil {
		return nil, err
	}
	d := placement.Demand{Needed: make([]float64, len(a.Services)), Calls: a.Calls, Affinity: a.Affinity, Requests: l.requests}
	for s := range d.Needed {
		d.Needed[s] = float64(l.count[s])
		if n := a.Needed[s]; !math.IsNaN(n) {
			d.Needed[s] = max(d.Needed[s], n)
		}
	}
	m, err := placement.New(d)
	if err != nil {
		return nil, err
	}
	chosen := m.Replay(l.nodes, l.candidates)
	r := &Report{Application: a.Name, Zones: inv.zones, Nodes: len(inv.nodes), Pods: len(l.pods), ByScheduler: l.byScheduler}
	r.fill(a, m, inv, l, chosen, routes)
	if r.Now.Calls == 0 {
		return nil, errors.New("no two of its services that call each other have pods on nodes: look again when they do")
	}
	if now := c.Now(); !a.Fresh(now) {
		r.Notes = append(r.Notes, fmt.Sprintf("the plan is %v old, so the plugin would leave pods to Kubernetes' own: look at the adapter", now.Sub(a.Made).Round(time.Second)))
	}
	if l.pending > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d pods without a node are left out", l.pending))
	}
	if inv.zones[0] == "" {
		r.Notes = append(r.Notes, "nodes without the label topology.kubernetes.io/zone count as one zone")
	}
	r.advise()
	return r, nil
}

// fill compares the layouts and the routings.
func (r *Report) fill(a *knowledge.Application, m *placement.Model, inv *inventory, l *layout, chosen []int, routes [][]Route) {
	present := make([]int, len(l.candidates))
	for i, p := range l.candidates {
		present[i] = p.Node
	}
	routing, sameZone := make([]bool, len(routes)), make([]bool, len(routes))
	for s, all := range routes {
		routing[s] = len(all) > 0 && len(lacking(all)) == 0
		sameZone[s] = len(all) > 0
	}
	var parts [4][]placement.Traffic
	for i, v := range []struct {
		total    *Traffic
		at       []int
		sameZone []bool
	}{{&r.Now, present, routing}, {&r.NowSameZone, present, sameZone}, {&r.Plugin, chosen, routing}, {&r.PluginSameZone, chosen, sameZone}} {
		services, all := m.Traffic(l.with(v.at), v.sameZone)
		parts[i], *v.total = services, traffic(all)
	}
	for s, name := range a.Services {
		out := Service{
			Namespace: name.Namespace, Name: name.Name, Routes: routes[s],
			Now: traffic(parts[0][s]), NowSameZone: traffic(parts[1][s]), Plugin: traffic(parts[2][s]), PluginSameZone: traffic(parts[3][s]),
		}
		for _, z := range inv.zones {
			out.Zones = append(out.Zones, Zone{Name: z})
		}
		for i, p := range l.candidates {
			if p.Service != s {
				continue
			}
			from, to := l.nodes[p.Node].Zone, l.nodes[chosen[i]].Zone
			out.Zones[from].Now++
			out.Zones[to].Plugin++
			out.Pods = append(out.Pods, Pod{l.pods[i].Name, inv.nodes[p.Node].Name, inv.zones[from], inv.nodes[chosen[i]].Name, inv.zones[to]})
		}
		r.Services = append(r.Services, out)
	}
}
