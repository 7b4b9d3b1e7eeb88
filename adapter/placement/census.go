package placement

import (
	"slices"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kube-scheduler/framework"

	"github.com/deepscaler/deepscaler/adapter/knowledge"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/placement"
)

// rescan is the time after which all nodes are looked through for changes by others. To
// look at thousands of nodes for every pod would take longer than all the rest.
const rescan = 100 * time.Millisecond

// census counts the pods of the services of one application on all nodes. Only nodes that
// have changed are counted again: those that this scheduler gave a pod at once.
type census struct {
	services []estimator.Service
	index    map[estimator.Service]int
	requests []placement.Resources
	*roll
	scanned time.Time
	changed []string
	zones   map[string]int
	// pods by zone and service, and room for more of each service on all nodes.
	pods [][]int
	room []int
}

// roll is the scheduler's list of nodes with what was counted on them. It is replaced with the
// list, and what was counted may be read while it changes.
type roll struct {
	// list is the scheduler's. While its nodes stay, the scheduler keeps the list and changes what it holds.
	list   []framework.NodeInfo
	nodes  []atomic.Pointer[resident]
	byNode map[framework.NodeInfo]int
	byName map[string]int
}

func newRoll(list []framework.NodeInfo) *roll {
	r := &roll{
		list: list, nodes: make([]atomic.Pointer[resident], len(list)),
		byNode: make(map[framework.NodeInfo]int, len(list)), byName: make(map[string]int, len(list)),
	}
	for i, n := range list {
		r.byNode[n], r.byName[n.Node().Name] = i, i
	}
	return r
}

// find returns what was counted on a node, nil if it is not in the list.
func (r *roll) find(n framework.NodeInfo) *resident {
	i, ok := r.byNode[n]
	if !ok {
		if i, ok = r.byName[n.Node().Name]; !ok {
			return nil
		}
	}
	return r.nodes[i].Load()
}

// resident is one node as it was at a generation. It is immutable.
type resident struct {
	generation int64
	zone       int
	pods       []int
	free       placement.Resources
	fits       []int
}

func newCensus(a *knowledge.Application) *census {
	c := &census{services: a.Services, index: a.Index, requests: make([]placement.Resources, len(a.Services))}
	for i := range c.requests {
		// Until a pod shows what it asks for, it asks for a place.
		c.requests[i].Pods = 1
	}
	c.clear(nil)
	return c
}

func (c *census) clear(nodes []framework.NodeInfo) {
	c.roll = newRoll(nodes)
	c.scanned, c.changed = time.Time{}, nil
	c.zones = map[string]int{}
	c.pods = nil
	c.room = make([]int, len(c.services))
}

// change notes that the scheduler gave a node a pod or took one back.
func (c *census) change(node string) {
	if len(c.changed) > len(c.nodes) {
		c.scanned, c.changed = time.Time{}, nil
	}
	c.changed = append(c.changed, node)
}

// update brings the census to the present nodes.
func (c *census) update(nodes []framework.NodeInfo, now time.Time) {
	if !c.same(nodes) {
		c.clear(nodes)
	}
	learned := false
	if c.scanned.IsZero() || now.Sub(c.scanned) >= rescan {
		c.scanned = now
		for i := range nodes {
			learned = c.recount(i) || learned
		}
	} else {
		for _, name := range c.changed {
			if i, known := c.byName[name]; known {
				learned = c.recount(i) || learned
			}
		}
	}
	c.changed = c.changed[:0]
	if learned {
		c.refit()
	}
}

// recount counts a node if it has changed, and reports whether its pods ask for something new.
func (c *census) recount(i int) (learned bool) {
	n := c.list[i]
	if old := c.nodes[i].Load(); old != nil && old.generation == n.GetGeneration() {
		return false
	}
	learned = c.learn(n)
	c.replace(i, c.count(n))
	return learned
}

// same reports whether these are the nodes of the last update, in their order.
func (c *census) same(nodes []framework.NodeInfo) bool {
	return len(nodes) == len(c.list) && (len(nodes) == 0 || &nodes[0] == &c.list[0])
}

// learn takes over what pods on a node ask for, and reports whether that was new.
func (c *census) learn(n framework.NodeInfo) (learned bool) {
	for _, p := range n.GetPods() {
		if s, ok := c.serves(p.GetPod()); ok {
			r := p.CalculateResource().Resource
			learned = c.ask(s, placement.Resources{MilliCPU: r.GetMilliCPU(), Memory: r.GetMemory(), Pods: 1}) || learned
		}
	}
	return learned
}

// ask sets what a pod of a service asks for, and reports whether that is new.
func (c *census) ask(s int, r placement.Resources) bool {
	if c.requests[s] == r {
		return false
	}
	c.requests[s] = r
	return true
}

// serves returns the service of a pod that stays.
func (c *census) serves(pod *corev1.Pod) (int, bool) {
	if pod.DeletionTimestamp != nil {
		return 0, false
	}
	s, ok := knowledge.ServiceOf(pod)
	if !ok {
		return 0, false
	}
	i, ok := c.index[s]
	return i, ok
}

func (c *census) count(n framework.NodeInfo) *resident {
	node := n.Node()
	zone := node.Labels[corev1.LabelTopologyZone]
	z, known := c.zones[zone]
	if !known {
		z = len(c.zones)
		c.zones[zone] = z
		c.pods = append(c.pods, make([]int, len(c.services)))
	}
	r := &resident{generation: n.GetGeneration(), zone: z, pods: make([]int, len(c.services))}
	for _, p := range n.GetPods() {
		if s, ok := c.serves(p.GetPod()); ok {
			r.pods[s]++
		}
	}
	if !node.Spec.Unschedulable {
		has, used := n.GetAllocatable(), n.GetRequested()
		r.free = placement.Resources{
			MilliCPU: has.GetMilliCPU() - used.GetMilliCPU(), Memory: has.GetMemory() - used.GetMemory(),
			Pods: int64(has.GetAllowedPodNumber() - len(n.GetPods())),
		}
	}
	r.fits = c.fits(r.free)
	return r
}

func (c *census) fits(free placement.Resources) []int {
	fits := make([]int, len(c.requests))
	for s, r := range c.requests {
		fits[s] = free.Fits(r)
	}
	return fits
}

// replace exchanges what is known of a node, and corrects the sums.
func (c *census) replace(i int, r *resident) {
	add := func(r *resident, sign int) {
		for s := range r.pods {
			c.pods[r.zone][s] += sign * r.pods[s]
			c.room[s] += sign * r.fits[s]
		}
	}
	if old := c.nodes[i].Load(); old != nil {
		add(old, -1)
	}
	add(r, 1)
	c.nodes[i].Store(r)
}

// layout copies the sums.
func (c *census) layout() placement.Layout {
	l := placement.Layout{Room: slices.Clone(c.room)}
	for _, pods := range c.pods {
		l.Pods = append(l.Pods, slices.Clone(pods))
	}
	return l
}

// refit counts the room anew after a service asks for something else.
func (c *census) refit() {
	for i := range c.nodes {
		refit := *c.nodes[i].Load()
		refit.fits = c.fits(refit.free)
		c.replace(i, &refit)
	}
}
