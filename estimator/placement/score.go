package placement

import "math"

// zoneWeight is the worth of a call that stays in its zone, where 1 is that of one that
// stays on its node.
const zoneWeight = 0.6

// Shares of the terms in a score. What remains is the score of a node with nothing
// but room. Within a zone only the node's part of locality differs, so that the choice of
// the zone is left to the deficit.
const (
	deficitShare = 0.5
	zoneShare    = 0.15
	nodeShare    = 0.15
)

// Layout is where the pods of all services are.
type Layout struct {
	// Pods is their number by zone and service.
	Pods [][]int
	// Room is, by service, how many more of its pods fit on all nodes together, if nothing
	// else takes the room. Nil means that there is room for all.
	Room []int
}

// Decision scores the nodes for one pod. It is immutable.
type Decision struct {
	model   *Model
	service int
	layout  Layout
	flow    flow
	limit   int       // of the pods of the service on one node
	lacking []float64 // replicas by service, after this pod
	lack    float64   // their sum
	tight   []int     // services that may find no room because of this pod
}

// Score is what a node is worth for a pod. All parts are from 0 to 1.
type Score struct {
	// Deficit, Locality and Headroom are the terms.
	Deficit, Locality, Headroom float64
	// Value joins them; 0 if the node would hold more than half of the service.
	Value float64
}

// Place prepares the decision for a new pod of a service. The layout must not change while
// the decision is in use.
func (m *Model) Place(service int, l Layout) *Decision {
	n := len(m.demand.Needed)
	present := make([]float64, n)
	for _, pods := range l.Pods {
		for s, count := range pods {
			present[s] += float64(count)
		}
	}
	d := &Decision{model: m, service: service, layout: l, lacking: make([]float64, n)}
	want := make([]float64, n)
	for s := range n {
		have := present[s]
		if s == service {
			have++
		}
		// NaN is unknown: what is there is enough.
		want[s] = have
		if needed := m.demand.Needed[s]; needed > have {
			want[s] = needed
		}
		d.lacking[s] = want[s] - have
		d.lack += d.lacking[s]
	}
	for s, lacking := range d.lacking {
		if l.Room != nil && lacking > 0 && l.Room[s] < whole(lacking)+m.displaced(service, s) {
			d.tight = append(d.tight, s)
		}
	}
	d.limit = max(1, int(want[service]/2))
	d.flow = m.flow(l.Pods, want)
	return d
}

// Score returns what a node is worth that is in a zone, holds pods of each service, and has
// the given resources left before the pod.
func (d *Decision) Score(zone int, pods []int, free Resources) Score {
	var s Score
	s.Deficit = d.deficit(zone)
	onNode, inZone := d.locality(zone, pods)
	s.Locality = onNode + zoneWeight*(inZone-onNode)
	s.Headroom = d.headroom(free)
	if pods[d.service]+1 > d.limit {
		return s
	}
	s.Value = (1 - deficitShare - zoneShare - nodeShare + deficitShare*s.Deficit + zoneShare*min(inZone, s.Deficit) + nodeShare*onNode) * s.Headroom
	return s
}

// deficit is what the zone lacks of the service, at most a whole pod.
func (d *Decision) deficit(zone int) float64 {
	return min(1, max(0, d.flow.need[zone][d.service]-float64(d.layout.Pods[zone][d.service])))
}

// locality is the shares of the calls of the pod that stay on the node and in the zone. A
// partner takes part as far as its pods suffice for what the zone needs.
func (d *Decision) locality(zone int, pods []int) (onNode, inZone float64) {
	for _, p := range d.model.partners[d.service] {
		need := d.flow.need[zone][p.service]
		onNode += p.weight * suffices(pods[p.service], need)
		inZone += p.weight * suffices(d.layout.Pods[zone][p.service], need)
	}
	return onNode, inZone
}

func suffices(pods int, need float64) float64 {
	if pods == 0 {
		return 0
	}
	return min(1, float64(pods)/math.Max(need, 1e-9))
}

// headroom is the share of the replicas still lacking that fit after the pod took its
// part of the node.
func (d *Decision) headroom(free Resources) float64 {
	if len(d.tight) == 0 {
		return 1
	}
	requests := d.model.demand.Requests
	left := free.Minus(requests[d.service])
	missing := 0.0
	for _, s := range d.tight {
		room := d.layout.Room[s] - free.Fits(requests[s]) + left.Fits(requests[s])
		missing += d.lacking[s] * (1 - min(1, max(0, float64(room))/float64(whole(d.lacking[s]))))
	}
	return 1 - missing/d.lack
}

// whole counts the last part of a replica as a pod.
func whole(replicas float64) int { return int(math.Ceil(replicas - 1e-9)) }

// displaced is how many pods of another service can lose their room to one of a service.
func (m *Model) displaced(service, other int) int {
	a, b := m.demand.Requests[service], m.demand.Requests[other]
	most := int64(0)
	for _, d := range [3][2]int64{{a.MilliCPU, b.MilliCPU}, {a.Memory, b.Memory}, {a.Pods, b.Pods}} {
		if d[1] > 0 {
			most = max(most, d[0]/d[1]+1)
		}
	}
	return int(most)
}
