package placement

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/kube-scheduler/framework"

	"github.com/deepscaler/deepscaler/adapter/knowledge"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/placement"
)

// census counts the pods of the services of one application on all nodes. Only nodes that
// have changed are counted again.
type census struct {
	services []estimator.Service
	index    map[estimator.Service]int
	requests []placement.Resources
	nodes    []*resident
	// list is the scheduler's list that nodes are alike to. While its nodes stay, the
	// scheduler keeps the list and changes what it holds.
	list   []framework.NodeInfo
	byName map[string]int
	zones  map[string]int
	// pods by zone and service, and room for more of each service on all nodes.
	pods [][]int
	room []int
}

// resident is one node as it was at a generation. It is immutable.
type resident struct {
	name       string
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
	c.clear(0)
	return c
}

func (c *census) clear(nodes int) {
	c.nodes = make([]*resident, nodes)
	c.byName = make(map[string]int, nodes)
	c.zones = map[string]int{}
	c.pods = nil
	c.room = make([]int, len(c.services))
}

// update brings the census to the present nodes.
func (c *census) update(nodes []framework.NodeInfo) {
	if !c.same(nodes) {
		c.clear(len(nodes))
		for i, n := range nodes {
			c.byName[n.Node().Name] = i
		}
	}
	c.list = nodes
	learned := false
	for i, n := range nodes {
		if old := c.nodes[i]; old != nil && old.generation == n.GetGeneration() {
			continue
		}
		learned = c.learn(n) || learned
		c.replace(i, c.count(n))
	}
	if learned {
		c.refit()
	}
}

// same reports whether these are the nodes of the last update, in their order. To compare
// the names of thousands of nodes would take longer than all the rest.
func (c *census) same(nodes []framework.NodeInfo) bool {
	if len(nodes) == len(c.list) && len(nodes) > 0 && &nodes[0] == &c.list[0] {
		return true
	}
	return slices.EqualFunc(nodes, c.nodes, func(n framework.NodeInfo, r *resident) bool {
		return r != nil && n.Node().Name == r.name
	})
}

// learn takes over what pods on a node ask for, and reports whether that was new.
func (c *census) learn(n framework.NodeInfo) (learned bool) {
	for _, p := range n.GetPods() {
		if s, ok := c.find(p.GetPod()); ok {
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

// find returns the service of a pod that stays.
func (c *census) find(pod *corev1.Pod) (int, bool) {
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
	r := &resident{name: node.Name, generation: n.GetGeneration(), zone: z, pods: make([]int, len(c.services))}
	for _, p := range n.GetPods() {
		if s, ok := c.find(p.GetPod()); ok {
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
	if old := c.nodes[i]; old != nil {
		add(old, -1)
	}
	add(r, 1)
	c.nodes[i] = r
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
	for i, old := range c.nodes {
		refit := *old
		refit.fits = c.fits(refit.free)
		c.replace(i, &refit)
	}
}
