package placement

import (
	"math"

	"github.com/deepscaler/deepscaler/estimator"
)

// rounds bounds the propagation of load along calls: it needs as many as the call graph is
// deep, and cycles converge.
const rounds = 32

// served is the number of planned pods from which a zone counts as serving itself.
const served = 0.5

// flow is where load starts and where it is served, under the pods that exist and those
// that will.
type flow struct {
	zones int
	// need is the number of replicas, by zone and service, that the load which starts
	// in the zone asks for.
	need [][]float64
}

// flow follows the load from the users through the calls. pods[z][s] are the pods of
// service s in zone z; want is how many each service will have, at least those.
func (m *Model) flow(pods [][]int, want []float64) flow {
	zones, n := len(pods), len(want)
	starts, ends := uniform(zones, n), uniform(zones, n)
	for range rounds {
		change := 0.0
		for s := range n {
			change = max(change, m.start(starts, ends, s))
			m.serve(pods, want[s], starts, ends, s)
		}
		if change < 1e-6 {
			break
		}
	}
	for z := range starts {
		for s := range n {
			starts[z][s] *= want[s]
		}
	}
	return flow{zones: zones, need: starts}
}

// start sets the share of the calls of a service that start in each zone, and returns
// the largest change.
func (m *Model) start(starts, ends [][]float64, s int) float64 {
	if len(m.callers[s]) == 0 {
		return 0
	}
	total, change := 0.0, 0.0
	for _, c := range m.callers[s] {
		total += c.weight
	}
	for z := range starts {
		share := 0.0
		for _, c := range m.callers[s] {
			if c.service == estimator.Outside {
				share += c.weight / float64(len(starts))
			} else {
				share += c.weight * ends[z][c.service]
			}
		}
		share /= total
		change = max(change, math.Abs(share-starts[z][s]))
		starts[z][s] = share
	}
	return change
}

// serve sets the share of the calls of a service that end in each zone: users reach all of
// its pods alike, a zone with pods serves the calls of other services that start there, and the
// rest goes to all pods. Pods that do not exist yet are expected where they are lacking.
func (m *Model) serve(pods [][]int, want float64, starts, ends [][]float64, s int) {
	present, lacks := 0.0, 0.0
	for z := range pods {
		have := float64(pods[z][s])
		present += have
		lacks += max(0, want*starts[z][s]-have)
	}
	planned := func(z int) float64 {
		have := float64(pods[z][s])
		if coming := want - present; coming > 0 && lacks > 0 {
			have += coming * max(0, want*starts[z][s]-have) / lacks
		}
		return have
	}
	rest, serving := 0.0, 0.0
	for z := range pods {
		if p := planned(z); p >= served {
			serving += p
		} else {
			rest += starts[z][s]
		}
	}
	users := m.users[s]
	for z := range pods {
		switch p := planned(z); {
		case serving == 0:
			ends[z][s] = starts[z][s]
		case p >= served:
			inside := starts[z][s] - users/float64(len(pods)) + (rest-users*unserved(pods, planned))*p/serving
			ends[z][s] = inside + users*p/serving
		default:
			ends[z][s] = 0
		}
	}
}

// unserved is the share of the zones without pods.
func unserved(pods [][]int, planned func(zone int) float64) float64 {
	n := 0
	for z := range pods {
		if planned(z) < served {
			n++
		}
	}
	return float64(n) / float64(len(pods))
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
