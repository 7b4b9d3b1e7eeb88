package placement

import (
	"math"
)

// zoneWeight is the worth of a call that stays in its zone, where 1 is that of one that
// stays on its node.
const zoneWeight = 0.6

// Shares of the terms in a score. What remains is the score of a node with nothing
// but room. Within a zone only the node's part of locality differs, so that the choice of
// the zone is left to the balance.
const (
	balanceShare = 0.5
	zoneShare    = 0.15
	nodeShare    = 0.15
)

// steepness is how fast the balance falls with what a zone costs more than the best, as a share
// of the least that the service can cost.
const steepness = 16

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
	flow    *flow
	limit   int       // of the pods of the service on one node
	balance []float64 // by zone, of the service
	lacking []float64 // replicas by service, after this pod
	lack    float64   // their sum
	tight   []int     // services that may find no room because of this pod
}

// Score is what a node is worth for a pod. All parts are from 0 to 1.
type Score struct {
	// Balance, Locality and Headroom are the terms.
	Balance, Locality, Headroom float64
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
	d.balance = d.balances()
	return d
}

// balances returns what a pod in each zone is worth for the balance of the zones: 1 where
// the service costs least and, of such zones, those behind it do; and down to 0 by what they
// cost more. Zones that have a larger part of what they will have are worth less, to a half.
func (d *Decision) balances() []float64 {
	outcomes := make([]outcome, len(d.layout.Pods))
	own, all := math.Inf(1), math.Inf(1)
	for z := range outcomes {
		outcomes[z] = d.model.with(d.flow, d.layout.Pods, z, d.service)
		own = min(own, outcomes[z].own)
	}
	for _, o := range outcomes {
		if o.own < own+1e-9 {
			all = min(all, o.all)
		}
	}
	out := make([]float64, len(outcomes))
	for z, o := range outcomes {
		more := (o.own - own + max(0, o.all-all)) / d.flow.want[d.service]
		out[z] = max(0, 1-steepness*more) * (1 + o.lacking) / 2
	}
	return out
}

// Score returns what a node is worth that is in a zone, holds pods of each service, and has
// the given resources left before the pod.
func (d *Decision) Score(zone int, pods []int, free Resources) Score {
	var s Score
	s.Balance = d.balance[zone]
	onNode, inZone := d.locality(zone, pods)
	s.Locality = onNode + zoneWeight*(inZone-onNode)
	s.Headroom = d.headroom(free)
	if pods[d.service]+1 > d.limit {
		return s
	}
	s.Value = (1 - balanceShare - zoneShare - nodeShare + balanceShare*s.Balance + zoneShare*min(inZone, s.Balance) + nodeShare*onNode) * s.Headroom
	return s
}

// locality is the shares of the calls of the pod that stay on the node and in the zone. A
// partner takes part as far as its pods suffice for what the zone needs.
func (d *Decision) locality(zone int, pods []int) (onNode, inZone float64) {
	for _, p := range d.model.partners[d.service] {
		need := d.flow.need(zone, p.service)
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
