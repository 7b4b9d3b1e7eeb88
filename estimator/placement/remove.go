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
// each is in a zone that has more than it will have after the scale-in, first where that is
// the larger part and where fewer calls stay on the node. Of other services as large a share
// is taken to stay as of this one, since they are scaled together, or what they need if that is
// less; parts of a pod do not stay. All pods are of the given service, and part of the layout.
func (m *Model) Removal(service int, l Layout, pods []Pod) []int {
	rest, want := make([][]int, len(l.Pods)), make([]float64, len(m.demand.Needed))
	for z := range rest {
		rest[z] = slices.Clone(l.Pods[z])
		for s, n := range rest[z] {
			want[s] += float64(n)
		}
	}
	present := slices.Clone(want)
	remaining := make([]int, len(pods))
	for i := range remaining {
		remaining[i] = i
	}
	var order []int
	for len(remaining) > 0 {
		left := float64(len(remaining) - 1)
		for s, needed := range m.demand.Needed {
			want[s] = max(1, math.Floor(present[s]*left/float64(len(pods))+1e-9))
			if needed < want[s] {
				want[s] = max(1, needed)
			}
		}
		want[service] = min(want[service], left)
		d := &Decision{model: m, service: service, layout: Layout{Pods: rest}, flow: m.flow(rest, want)}
		worst, least := 0, math.Inf(1)
		for at, i := range remaining {
			p := pods[i]
			worth, _ := d.locality(p.Zone, p.Node)
			have, will := rest[p.Zone][service], d.flow.will[p.Zone][service]
			worth += float64(min(have, will)) / float64(have)
			if will >= have {
				worth += 2 // more than a zone with too many can have
			}
			if worth < least {
				worst, least = at, worth
			}
		}
		i := remaining[worst]
		rest[pods[i].Zone][service]--
		order = append(order, i)
		remaining = slices.Delete(remaining, worst, worst+1)
	}
	return order
}
