package placement

import (
	"math"
	"slices"
)

// Pod is one pod of a service, by where it is.
type Pod struct {
	Zone int
	// Node holds the pods of each service on its node, itself included.
	Node []int
}

// Removal returns the positions of pods in the order in which their loss hurts least:
// each is the least worth of those that remain, by what its zone lacks without it, and
// then by the calls that stay on its node. All are of the given service, and part of the
// layout.
func (m *Model) Removal(service int, l Layout, pods []Pod) []int {
	kept := *m
	kept.demand.Needed = make([]float64, len(m.demand.Needed)) // what is there is enough
	rest := make([][]int, len(l.Pods))
	for z := range rest {
		rest[z] = slices.Clone(l.Pods[z])
	}
	remaining := make([]int, len(pods))
	for i := range remaining {
		remaining[i] = i
	}
	var order []int
	for len(remaining) > 0 {
		without := make([]*Decision, len(rest))
		worst, least := 0, math.Inf(1)
		for at, i := range remaining {
			p := pods[i]
			if without[p.Zone] == nil {
				counts := slices.Clone(rest)
				counts[p.Zone] = slices.Clone(rest[p.Zone])
				counts[p.Zone][service]--
				without[p.Zone] = kept.Place(service, Layout{Pods: counts})
			}
			d := without[p.Zone]
			onNode, _ := d.locality(p.Zone, p.Node)
			lacks := d.flow.need[p.Zone][service] - float64(d.layout.Pods[p.Zone][service])
			if value := deficitShare*lacks + nodeShare*onNode; value < least {
				worst, least = at, value
			}
		}
		i := remaining[worst]
		rest[pods[i].Zone][service]--
		order = append(order, i)
		remaining = slices.Delete(remaining, worst, worst+1)
	}
	return order
}
