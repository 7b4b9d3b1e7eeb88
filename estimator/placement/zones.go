package placement

import (
	"math"
	"slices"

	"github.com/deepscaler/deepscaler/estimator"
)

// rounds bounds the propagation of load along cycles of calls. Without a cycle one is enough.
const rounds = 8

// skew is how far the share of the users in a zone may be from an equal one, as a share of it.
const skew = 0.25

// flow is where load starts and where it is served, under the pods that exist and those
// that will. All are by zone and service, but users, which is by zone.
type flow struct {
	want []float64
	// users is the share of the users' calls that is to end in each zone.
	users []float64
	// starts and ends are the shares of the calls of each service that start and end in a zone.
	starts, ends [][]float64
	// will is the number of pods that there will be.
	will [][]int
	// cost is that of all services together, in pods, as far as users do not call them.
	cost float64
	// busiest is the load of the busiest pods of any service, as a multiple of their mean.
	busiest float64
}

// need is the number of replicas that the load of a service which starts in a zone asks for.
func (f *flow) need(zone, service int) float64 { return f.starts[zone][service] * f.want[service] }

// flow follows the load from the users through the calls. pods[z][s] are the pods of
// service s in zone z; want is how many each service will have. Users are alike in all zones,
// or more of them are where more pods are of the services behind, if that costs less and makes
// no zone busier.
func (m *Model) flow(pods [][]int, want []float64) *flow {
	equal := make([]float64, len(pods))
	for z := range equal {
		equal[z] = 1 / float64(len(pods))
	}
	f := newFlow(len(pods), want, equal)
	m.follow(f, pods, m.order)
	g := newFlow(len(pods), want, m.behind(f))
	if m.follow(g, pods, m.order); g.cost < f.cost-1e-9 && g.busiest <= f.busiest+1e-9 {
		return g
	}
	return f
}

func newFlow(zones int, want, users []float64) *flow {
	n := len(want)
	f := &flow{want: want, users: users, starts: uniform(zones, n), ends: uniform(zones, n), will: make([][]int, zones)}
	for z := range f.will {
		f.will[z] = make([]int, n)
	}
	return f
}

// behind returns the share of each zone in the pods of services that users do not call and
// that suffice for all zones, within the bounds for users.
func (m *Model) behind(f *flow) []float64 {
	shares, all := make([]float64, len(f.will)), 0.0
	for z := range shares {
		for s, n := range f.will[z] {
			if f.want[s] > float64(len(shares))-1 {
				shares[z] += float64(n) * (1 - m.users[s])
			}
		}
		all += shares[z]
	}
	if all == 0 {
		return f.users
	}
	equal, most := 1/float64(len(shares)), 0.0
	for z := range shares {
		shares[z] = shares[z]/all - equal
		most = max(most, math.Abs(shares[z]))
	}
	for z := range shares {
		shares[z] = equal + shares[z]*min(1, skew*equal/max(most, 1e-9))
	}
	return shares
}

// follow sets where load starts and ends for services in their order, and their cost.
func (m *Model) follow(f *flow, pods [][]int, services []int) {
	zones := len(pods)
	load, have, will, end := make([]float64, zones), make([]int, zones), make([]int, zones), make([]float64, zones)
	for range rounds {
		change := 0.0
		f.cost, f.busiest = 0, 0
		for _, s := range services {
			change = max(change, m.start(f, s))
			for z := range pods {
				load[z], have[z] = f.starts[z][s], pods[z][s]
			}
			f.cost += f.want[s] * (1 - m.users[s]) * spread(load, have, whole(f.want[s]), m.crossing(s), will)
			serve(load, will, m.users[s], f.users, end)
			for z, n := range will {
				if n > 0 {
					f.busiest = max(f.busiest, end[z]*f.want[s]/float64(n))
				}
			}
			for z := range pods {
				f.ends[z][s], f.will[z][s] = end[z], will[z]
			}
		}
		if change < 1e-6 || !m.cyclic {
			break
		}
	}
}

// start sets the share of the calls of a service that start in each zone, and returns
// the largest change. A service without a known caller is taken to be called by users.
func (m *Model) start(f *flow, s int) (change float64) {
	total := 0.0
	for _, c := range m.callers[s] {
		total += c.weight
	}
	for z := range f.starts {
		share := 0.0
		for _, c := range m.callers[s] {
			if c.service == estimator.Outside {
				share += c.weight * f.users[z]
			} else {
				share += c.weight * f.ends[z][c.service]
			}
		}
		if total > 0 {
			share /= total
		} else {
			share = f.users[z]
		}
		change = max(change, math.Abs(share-f.starts[z][s]))
		f.starts[z][s] = share
	}
	return change
}

// crossing is the cost of a call to a service that leaves its zone.
func (m *Model) crossing(service int) float64 {
	if m.users[service] > 0.5 {
		return usersCrossing
	}
	return crossing
}

// serve sets the share of the calls of a service that end in each zone: users reach all of
// its pods alike, a zone with pods serves the calls of other services that start there, and the
// rest goes to all pods. Without pods calls end where they start.
func serve(starts []float64, pods []int, users float64, from []float64, ends []float64) {
	total, rest := 0, 0.0
	for z, n := range pods {
		total += n
		if n == 0 {
			rest += starts[z] - users*from[z]
		}
	}
	for z, n := range pods {
		switch {
		case total == 0:
			ends[z] = starts[z]
		case n == 0:
			ends[z] = 0
		default:
			ends[z] = starts[z] - users*from[z] + (rest+users)*float64(n)/float64(total)
		}
	}
}

// outcome is what follows from a pod in a zone.
type outcome struct {
	// own is the cost of its service, and all that of it and of those behind it, in pods.
	own, all float64
	// lacking is the share of the pods of the service that the zone will have and has not yet.
	lacking float64
}

// with returns the outcome of another pod of a service in a zone.
func (m *Model) with(f *flow, pods [][]int, zone, service int) outcome {
	more := slices.Clone(pods)
	more[zone] = slices.Clone(pods[zone])
	more[zone][service]++
	g := *f
	g.starts, g.ends, g.will = clone(f.starts), clone(f.ends), clone(f.will)
	m.follow(&g, more, m.reached(service))
	load, will := make([]float64, len(pods)), make([]int, len(pods))
	for z := range pods {
		load[z], will[z] = g.starts[z][service], g.will[z][service]
	}
	return outcome{
		own: f.want[service] * cost(load, will, m.crossing(service)), all: g.cost,
		lacking: float64(will[zone]-pods[zone][service]) / float64(will[zone]),
	}
}

// reached returns a service and those behind it, in their order; with a cycle all.
func (m *Model) reached(service int) (services []int) {
	if m.cyclic {
		return m.order
	}
	in := make([]bool, len(m.order))
	in[service] = true
	for _, s := range m.order {
		if in[s] || slices.ContainsFunc(m.callers[s], func(c neighbour) bool { return c.service >= 0 && in[c.service] }) {
			in[s] = true
			services = append(services, s)
		}
	}
	return services
}

func clone[T any](rows [][]T) [][]T {
	out := make([][]T, len(rows))
	for i := range rows {
		out[i] = slices.Clone(rows[i])
	}
	return out
}

func uniform(zones, n int) [][]float64 {
	out := make([][]float64, zones)
	values := make([]float64, zones*n)
	for i := range values {
		values[i] = 1 / float64(zones)
	}
	for z := range out {
		out[z] = values[z*n : (z+1)*n]
	}
	return out
}
