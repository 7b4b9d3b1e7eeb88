package placementcheck

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/component-helpers/resource"
	corev1helpers "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"

	"github.com/deepscaler/deepscaler/adapter/knowledge"
	"github.com/deepscaler/deepscaler/estimator/placement"
)

// schedulerName is the name of the second scheduler in manifests/scheduler.
const schedulerName = "deepscaler-scheduler"

// inventory is all nodes and pods of a cluster.
type inventory struct {
	nodes []corev1.Node
	pods  []corev1.Pod
	zones []string // in order
}

func (c *Checker) inventory(ctx context.Context) (*inventory, error) {
	nodes, err := c.Client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list the nodes: %w%s", err, needs(err))
	}
	pods, err := c.Client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list the pods of all namespaces: %w%s", err, needs(err))
	}
	inv := &inventory{nodes: nodes.Items, pods: pods.Items}
	for _, n := range inv.nodes {
		inv.zones = append(inv.zones, n.Labels[corev1.LabelTopologyZone])
	}
	slices.Sort(inv.zones)
	inv.zones = slices.Compact(inv.zones)
	slices.SortFunc(inv.nodes, func(a, b corev1.Node) int { return cmp.Compare(a.Name, b.Name) })
	// The order in which they came is the one in which the plugin would have placed them.
	slices.SortFunc(inv.pods, func(a, b corev1.Pod) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	if len(inv.nodes) == 0 {
		return nil, fmt.Errorf("the cluster has no nodes: look again when it has")
	}
	return inv, nil
}

func needs(err error) string {
	if apierrors.IsForbidden(err) {
		return "\nroom on nodes takes the right to list nodes and the pods of all namespaces: have a cluster administrator run this, or grant it"
	}
	return ""
}

// layout is the pods of one application on the nodes.
type layout struct {
	nodes       []placement.Node // without the pods below
	pods        []*corev1.Pod
	candidates  []placement.Candidate // alike
	requests    []placement.Resources
	count       []int // pods by service
	byScheduler int
	pending     int
}

// lay counts the pods of an application and the room without them.
func (inv *inventory) lay(ctx context.Context, a *knowledge.Application) *layout {
	l := &layout{requests: make([]placement.Resources, len(a.Services)), count: make([]int, len(a.Services))}
	for i := range l.requests {
		l.requests[i].Pods = 1
	}
	position := map[string]int{}
	for i, n := range inv.nodes {
		zone, _ := slices.BinarySearch(inv.zones, n.Labels[corev1.LabelTopologyZone])
		l.nodes = append(l.nodes, placement.Node{Zone: zone, Pods: make([]int, len(a.Services))})
		if has := n.Status.Allocatable; !n.Spec.Unschedulable {
			l.nodes[i].Free = placement.Resources{MilliCPU: has.Cpu().MilliValue(), Memory: has.Memory().Value(), Pods: has.Pods().Value()}
		}
		position[n.Name] = i
	}
	for i := range inv.pods {
		p := &inv.pods[i]
		requests := resource.PodRequests(p, resource.PodResourcesOptions{})
		asks := placement.Resources{MilliCPU: requests.Cpu().MilliValue(), Memory: requests.Memory().Value(), Pods: 1}
		node, known := position[p.Spec.NodeName]
		if s, serves := a.Serves(p); serves && known {
			l.requests[s] = asks
			l.count[s]++
			l.pods = append(l.pods, p)
			l.candidates = append(l.candidates, placement.Candidate{Service: s, Node: node, Allowed: inv.allowed(ctx, p)})
			if p.Spec.SchedulerName == schedulerName {
				l.byScheduler++
			}
			continue
		}
		if known && p.Status.Phase != corev1.PodFailed && p.Status.Phase != corev1.PodSucceeded && !inv.nodes[node].Spec.Unschedulable {
			l.nodes[node].Free = l.nodes[node].Free.Minus(asks)
		}
		if s, managed := knowledge.ServiceOf(p); managed && p.Spec.NodeName == "" && p.DeletionTimestamp == nil {
			if _, ours := a.Index[s]; ours {
				l.pending++
			}
		}
	}
	return l
}

// allowed returns by node whether the pod's selector, affinity and tolerations admit it.
func (inv *inventory) allowed(ctx context.Context, p *corev1.Pod) []bool {
	out := make([]bool, len(inv.nodes))
	affinity := nodeaffinity.GetRequiredNodeAffinity(p)
	for i := range inv.nodes {
		n := &inv.nodes[i]
		// A selector that cannot be read admits no node, as in kube-scheduler.
		matches, err := affinity.Match(n)
		_, tainted := corev1helpers.FindMatchingUntoleratedTaint(klog.FromContext(ctx), n.Spec.Taints, p.Spec.Tolerations, func(t *corev1.Taint) bool {
			return t.Effect == corev1.TaintEffectNoSchedule || t.Effect == corev1.TaintEffectNoExecute
		}, false)
		out[i] = err == nil && matches && !tainted && !n.Spec.Unschedulable
	}
	return out
}

// with returns the nodes with the pods on the given ones.
func (l *layout) with(at []int) []placement.Node {
	nodes := slices.Clone(l.nodes)
	for i := range nodes {
		nodes[i].Pods = slices.Clone(nodes[i].Pods)
	}
	for i, node := range at {
		nodes[node].Pods[l.candidates[i].Service]++
	}
	return nodes
}

// routes returns by service the Kubernetes Services with a virtual address that select
// its pods. Without such an address, clients choose the pods themselves.
func (c *Checker) routes(ctx context.Context, a *knowledge.Application, l *layout) ([][]Route, error) {
	routes, sample := make([][]Route, len(a.Services)), make([]*corev1.Pod, len(a.Services))
	for i, p := range l.pods {
		sample[l.candidates[i].Service] = p // the youngest
	}
	byNamespace := map[string][]corev1.Service{}
	for s, name := range a.Services {
		if _, read := byNamespace[name.Namespace]; !read {
			list, err := c.Client.CoreV1().Services(name.Namespace).List(ctx, metav1.ListOptions{})
			if err != nil {
				return nil, fmt.Errorf("list the services of namespace %s: %w", name.Namespace, err)
			}
			byNamespace[name.Namespace] = list.Items
		}
		for _, k := range byNamespace[name.Namespace] {
			if sample[s] == nil || len(k.Spec.Selector) == 0 || k.Spec.ClusterIP == corev1.ClusterIPNone || k.Spec.Type == corev1.ServiceTypeExternalName {
				continue
			}
			if !labels.SelectorFromSet(k.Spec.Selector).Matches(labels.Set(sample[s].Labels)) {
				continue
			}
			r := Route{Name: k.Name}
			if k.Spec.TrafficDistribution != nil {
				r.Distribution = *k.Spec.TrafficDistribution
			}
			routes[s] = append(routes[s], r)
		}
	}
	return routes, nil
}

// lacking returns the names of those that do not keep calls in their zone. PreferClose is
// the former name of PreferSameZone, and PreferSameNode takes the zone if the node has no pod.
func lacking(routes []Route) (names []string) {
	for _, r := range routes {
		switch r.Distribution {
		case corev1.ServiceTrafficDistributionPreferSameZone, corev1.ServiceTrafficDistributionPreferSameNode, corev1.ServiceTrafficDistributionPreferClose:
		default:
			names = append(names, r.Name)
		}
	}
	return names
}
