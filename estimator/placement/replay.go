package placement

import "slices"

// Candidate is a pod that is placed anew.
type Candidate struct {
	Service int
	// Node is where it runs.
	Node int
	// Allowed holds for every node whether the pod may run there.
	Allowed []bool
}

// Replay places pods one after the other, each on the allowed node with room and the
// highest score, and returns the nodes. The nodes given are without these pods. A pod stays
// where it is if that is among the best, and if no node has room for it.
func (m *Model) Replay(nodes []Node, pods []Candidate) []int {
	nodes = slices.Clone(nodes)
	n, zones := len(m.demand.Needed), 0
	for i := range nodes {
		nodes[i].Pods = slices.Clone(nodes[i].Pods)
		zones = max(zones, nodes[i].Zone+1)
	}
	l := Layout{Pods: make([][]int, zones), Room: make([]int, n)}
	for z := range l.Pods {
		l.Pods[z] = make([]int, n)
	}
	for _, node := range nodes {
		l.add(m, node, 1)
	}
	chosen := make([]int, len(pods))
	for i, p := range pods {
		request := m.demand.Requests[p.Service]
		d, best := m.Place(p.Service, l), -1.0
		at := p.Node
		for k, node := range nodes {
			if !p.Allowed[k] || node.Free.Fits(request) == 0 {
				continue
			}
			if v := d.Score(node.Zone, node.Pods, node.Free).Value; v > best+1e-9 || k == p.Node && v > best-1e-9 {
				best, at = max(v, best), k
			}
		}
		l.add(m, nodes[at], -1)
		nodes[at].Pods[p.Service]++
		nodes[at].Free = nodes[at].Free.Minus(request)
		l.add(m, nodes[at], 1)
		chosen[i] = at
	}
	return chosen
}

// add counts a node in, or with sign -1 out.
func (l Layout) add(m *Model, node Node, sign int) {
	for s, count := range node.Pods {
		l.Pods[node.Zone][s] += sign * count
		l.Room[s] += sign * node.Free.Fits(m.demand.Requests[s])
	}
}
