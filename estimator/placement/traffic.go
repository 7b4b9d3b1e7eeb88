package placement

import (
	"math"

	"github.com/deepscaler/deepscaler/estimator"
)

// Node is a node of a cluster as placement sees it.
type Node struct {
	Zone int
	// Pods are those on the node, by service.
	Pods []int
	// Free is what the node has left beside them.
	Free Resources
}

// Traffic is where the calls to a service go.
type Traffic struct {
	// Calls per second from other services; those from outside have no zone.
	Calls float64
	// CrossZone and SameNode are shares of Calls, NaN without any.
	CrossZone, SameNode float64
	// Busiest is the load per pod in the zone where it is highest, as a multiple of the
	// mean over all pods of the service; NaN without pods or load.
	Busiest float64
}

// Traffic returns where the calls to each service go, and in all, by following the load
// from the users through the pods on the nodes. sameZone holds the services whose calls stay in
// their zone while it has a pod; other calls go to all pods alike. A service with no known
// caller has the same load on all of its pods. Calls from or to a service without pods are
// left out. Busiest of all is the highest.
func (m *Model) Traffic(nodes []Node, sameZone []bool) (services []Traffic, all Traffic) {
	t := newTraffic(m, nodes, sameZone)
	all.Busiest = math.NaN()
	services = make([]Traffic, len(m.demand.Needed))
	crossing, staying := make([]float64, len(services)), make([]float64, len(services))
	for _, c := range m.demand.Calls {
		if c.Source == estimator.Outside || c.Source == c.Destination || t.total[c.Source] == 0 || t.total[c.Destination] == 0 {
			continue
		}
		cross, node := t.call(nodes, c.Source, c.Destination)
		services[c.Destination].Calls += c.Rate
		crossing[c.Destination] += c.Rate * cross
		staying[c.Destination] += c.Rate * node
	}
	for s := range services {
		x := &services[s]
		all.Calls += x.Calls
		all.CrossZone += crossing[s]
		all.SameNode += staying[s]
		x.CrossZone, x.SameNode, x.Busiest = crossing[s]/x.Calls, staying[s]/x.Calls, t.busiest(s)
		if !(all.Busiest >= x.Busiest) && !math.IsNaN(x.Busiest) {
			all.Busiest = x.Busiest
		}
	}
	all.CrossZone /= all.Calls
	all.SameNode /= all.Calls
	return services, all
}

// traffic is the load that reaches the pods of a layout.
type traffic struct {
	sameZone []bool
	pods     [][]float64 // by zone and service
	total    []float64   // by service
	load     [][]float64 // by zone and service: the share of its load that ends there
}

func newTraffic(m *Model, nodes []Node, sameZone []bool) *traffic {
	n, zones := len(m.demand.Needed), 0
	for _, node := range nodes {
		zones = max(zones, node.Zone+1)
	}
	t := &traffic{sameZone: sameZone, total: make([]float64, n)}
	for range zones {
		t.pods, t.load = append(t.pods, make([]float64, n)), append(t.load, make([]float64, n))
	}
	for _, node := range nodes {
		for s, count := range node.Pods {
			t.pods[node.Zone][s] += float64(count)
			t.total[s] += float64(count)
		}
	}
	for s := range n {
		for z := range t.load {
			t.load[z][s] = t.part(z, s)
		}
	}
	for range rounds {
		change := 0.0
		for s := range n {
			change = max(change, t.settle(m, s))
		}
		if change < 1e-9 {
			break
		}
	}
	return t
}

// part is the share of the pods of a service that are in a zone, 0 without pods.
func (t *traffic) part(zone, s int) float64 {
	if t.total[s] == 0 {
		return 0
	}
	return t.pods[zone][s] / t.total[s]
}

// reaches is the share of the calls from one zone to a service that end in another.
func (t *traffic) reaches(from, to, s int) float64 {
	if !t.sameZone[s] || t.pods[from][s] == 0 {
		return t.part(to, s)
	}
	if from == to {
		return 1
	}
	return 0
}

// settle sets where the load of a service ends, given that of its callers, and returns the
// largest change.
func (t *traffic) settle(m *Model, s int) (change float64) {
	known := 0.0
	next := make([]float64, len(t.load))
	for _, c := range m.callers[s] {
		if c.service != estimator.Outside && t.total[c.service] == 0 {
			continue
		}
		known += c.weight
		for to := range next {
			if c.service == estimator.Outside {
				next[to] += c.weight * t.part(to, s)
				continue
			}
			for from := range next {
				next[to] += c.weight * t.load[from][c.service] * t.reaches(from, to, s)
			}
		}
	}
	if known == 0 {
		return 0
	}
	for z := range next {
		change = max(change, math.Abs(next[z]/known-t.load[z][s]))
		t.load[z][s] = next[z] / known
	}
	return change
}

// call returns the shares of the calls between two services that cross zones and that
// stay on their node. The pods of a zone have the same load.
func (t *traffic) call(nodes []Node, source, destination int) (crossing, staying float64) {
	crossing = 1
	for z := range t.load {
		crossing -= t.load[z][source] * t.reaches(z, z, destination)
	}
	for _, n := range nodes {
		z := n.Zone
		if n.Pods[source] == 0 || n.Pods[destination] == 0 {
			continue
		}
		staying += t.load[z][source] * float64(n.Pods[source]) / t.pods[z][source] *
			t.reaches(z, z, destination) * float64(n.Pods[destination]) / t.pods[z][destination]
	}
	return max(0, crossing), staying
}

func (t *traffic) busiest(s int) float64 {
	busiest := math.NaN()
	for z := range t.load {
		if part := t.part(z, s); part > 0 && !(busiest >= t.load[z][s]/part) {
			busiest = t.load[z][s] / part
		}
	}
	return busiest
}
