// Package placement compares rules that place the pods of an application on nodes, in virtual
// time. Results are what the calls then cost, and how busy every zone is.
package placement

import (
	"slices"

	"github.com/deepscaler/deepscaler/estimator/placement"
)

// Pod is one pod of a service on a node.
type Pod struct {
	Service, Node int
	// Born numbers the pods by their creation.
	Born int
}

// Cluster is nodes in zones with pods.
type Cluster struct {
	// Zones is the zone of each node, Capacity what it has.
	Zones    []int
	Capacity []placement.Resources
	// Requests is what a pod of each service asks for.
	Requests []placement.Resources
	Pods     []Pod
	born     int
}

// zones returns their number.
func (c *Cluster) zones() int { return slices.Max(c.Zones) + 1 }

// Fits returns the nodes with room for a pod of a service.
func (c *Cluster) Fits(service int) (nodes []int) {
	for node, free := range c.free() {
		if free.Fits(c.Requests[service]) > 0 {
			nodes = append(nodes, node)
		}
	}
	return nodes
}

// free returns what every node has left.
func (c *Cluster) free() []placement.Resources {
	free := slices.Clone(c.Capacity)
	for _, p := range c.Pods {
		free[p.Node] = free[p.Node].Minus(c.Requests[p.Service])
	}
	return free
}

// Nodes returns the number of pods by node and service.
func (c *Cluster) Nodes() [][]int { return c.count(len(c.Zones), func(node int) int { return node }) }

// ByZone returns the number of pods by zone and service.
func (c *Cluster) ByZone() [][]int {
	return c.count(c.zones(), func(node int) int { return c.Zones[node] })
}

// largest returns the share of the pods that the zone with most of them holds.
func (c *Cluster) largest() float64 {
	most := 0
	for _, pods := range c.ByZone() {
		sum := 0
		for _, n := range pods {
			sum += n
		}
		most = max(most, sum)
	}
	return float64(most) / float64(len(c.Pods))
}

func (c *Cluster) count(rows int, row func(node int) int) [][]int {
	out := make([][]int, rows)
	for i := range out {
		out[i] = make([]int, len(c.Requests))
	}
	for _, p := range c.Pods {
		out[row(p.Node)][p.Service]++
	}
	return out
}

// Of returns the positions of the pods of a service.
func (c *Cluster) Of(service int) (pods []int) {
	for i, p := range c.Pods {
		if p.Service == service {
			pods = append(pods, i)
		}
	}
	return pods
}

// Clone returns a copy to change.
func (c *Cluster) Clone() *Cluster {
	out := *c
	out.Pods = slices.Clone(c.Pods)
	return &out
}

func (c *Cluster) add(service, node int) {
	c.Pods = append(c.Pods, Pod{Service: service, Node: node, Born: c.born})
	c.born++
}

func (c *Cluster) remove(i int) { c.Pods = slices.Delete(c.Pods, i, i+1) }
