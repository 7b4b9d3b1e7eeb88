package simulation

// Distance is how far a call travels between two pods.
type Distance int8

// The distances, from the shortest.
const (
	SameNode Distance = iota
	SameZone
	OtherZone
	distances
)

// Routing chooses among the ready pods of a service by their distance from the caller.
type Routing string

// The routings. Those of Kubernetes are spec.trafficDistribution of a Service.
const (
	// Anywhere is the default of Kubernetes: all pods alike.
	Anywhere Routing = "Anywhere"
	// PreferSameZone takes pods in the zone of the caller if there is one.
	PreferSameZone Routing = "PreferSameZone"
	// PreferSameNode takes pods on the node of the caller if there is one, or else in
	// its zone.
	PreferSameNode Routing = "PreferSameNode"
)

// Network is the nodes that pods run on. Users are outside of it.
type Network struct {
	// Zones is the zone of each node.
	Zones []int
	// RoundTrip is the time in seconds that a call needs beside its work, by [Distance].
	// A failure is known at once.
	RoundTrip [distances]float64
	Routing   Routing
	// Node returns the node of a new pod of a service.
	Node func(service int, pod string) int
}

// SetNetwork puts all pods on nodes: those that exist, in the order of [Engine.Pods],
// and then every new one. Without a network all pods are equally near.
func (e *Engine) SetNetwork(n Network) {
	e.network = &n
	for _, p := range e.Pods() {
		for i := range e.replicas {
			if r := &e.replicas[i]; !r.gone && r.name == p.Name && int(r.service) == p.Service {
				r.node = int32(n.Node(p.Service, p.Name))
			}
		}
	}
}

// Travelled returns how many calls between pods have been answered over each distance.
func (e *Engine) Travelled() (calls [distances]uint64) { return e.travelled }

func (n *Network) distance(a, b int32) Distance {
	switch {
	case a == b:
		return SameNode
	case n.Zones[a] == n.Zones[b]:
		return SameZone
	}
	return OtherZone
}

// near returns the ready pods of a service that a caller may choose from.
func (e *Engine) near(ready []int32, caller int32) []int32 {
	if e.network == nil || e.network.Routing == Anywhere || caller < 0 {
		return ready
	}
	nearest := SameZone
	if e.network.Routing == PreferSameNode {
		nearest = SameNode
	}
	from := e.replicas[caller].node
	for ; nearest <= SameZone; nearest++ {
		e.choice = e.choice[:0]
		for _, id := range ready {
			if e.network.distance(from, e.replicas[id].node) <= nearest {
				e.choice = append(e.choice, id)
			}
		}
		if len(e.choice) > 0 {
			return e.choice
		}
	}
	return ready
}

// travel returns the time that an answered call spends between two pods, and counts it.
func (e *Engine) travel(caller, callee int32) float64 {
	if e.network == nil || caller < 0 || callee < 0 {
		return 0
	}
	d := e.network.distance(e.replicas[caller].node, e.replicas[callee].node)
	e.travelled[d]++
	return e.network.RoundTrip[d]
}
