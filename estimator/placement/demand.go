package placement

import (
	"fmt"
	"math"

	"github.com/deepscaler/deepscaler/estimator"
)

// Demand is what is known of N services that are placed together.
type Demand struct {
	// Needed is the number of replicas that each service will have, length N. It may be
	// fractional; NaN is unknown, and then the pods that exist are enough.
	Needed []float64
	// Calls are calls per second between services at the load of Needed. Their source may
	// be [estimator.Outside]. Only ratios matter.
	Calls []estimator.Call
	// Affinity holds learned dependences, with a weight above 0. It counts where there
	// are no calls between two services.
	Affinity []estimator.Edge
	// Requests is what one pod of each service asks of a node, length N.
	Requests []Resources
}

// Model is a demand, prepared for many decisions. It is immutable.
type Model struct {
	demand   Demand
	callers  [][]neighbour // by service: who calls it; service may be Outside
	partners [][]neighbour // by service: whom it exchanges calls with; weights sum to 1
	users    []float64     // by service: the share of its calls that comes from outside
	order    []int         // of the services, callers first
	cyclic   bool          // calls form a cycle
}

type neighbour struct {
	service int
	weight  float64
}

// New prepares a demand. It reports lengths that differ, and edges that are not between
// the services.
func New(d Demand) (*Model, error) {
	n := len(d.Needed)
	if len(d.Requests) != n {
		return nil, fmt.Errorf("placement: %d services have needs and %d have requests, want as many", n, len(d.Requests))
	}
	for i, v := range d.Needed {
		if v < 0 || math.IsInf(v, 0) {
			return nil, fmt.Errorf("placement: service %d needs %v replicas, want a finite number of at least 0", i, v)
		}
	}
	if err := estimator.ValidateEdges(d.Affinity, n); err != nil {
		return nil, fmt.Errorf("placement: affinity: %w", err)
	}
	m := &Model{demand: d, callers: make([][]neighbour, n), partners: make([][]neighbour, n), users: make([]float64, n)}
	exchanged := make([]map[int]float64, n)
	for i := range exchanged {
		exchanged[i] = map[int]float64{}
	}
	total := 0.0
	for _, c := range d.Calls {
		if c.Source < estimator.Outside || c.Source >= n || c.Destination < 0 || c.Destination >= n || !(c.Rate >= 0) || math.IsInf(c.Rate, 1) {
			return nil, fmt.Errorf("placement: call %d→%d with rate %v is not one between %d services", c.Source, c.Destination, c.Rate, n)
		}
		if c.Rate == 0 || c.Source == c.Destination {
			continue
		}
		m.callers[c.Destination] = append(m.callers[c.Destination], neighbour{c.Source, c.Rate})
		if c.Source >= 0 {
			exchanged[c.Source][c.Destination] += c.Rate
			exchanged[c.Destination][c.Source] += c.Rate
			total += c.Rate
		}
	}
	m.addAffinity(exchanged, total)
	for i, weights := range exchanged {
		m.partners[i] = shares(weights, n)
	}
	for i, callers := range m.callers {
		all := 0.0
		for _, c := range callers {
			all += c.weight
			if c.service == estimator.Outside {
				m.users[i] += c.weight
			}
		}
		if all > 0 {
			m.users[i] /= all
		} else {
			m.users[i] = 1
		}
	}
	m.order, m.cyclic = callersFirst(m.callers)
	return m, nil
}

// addAffinity gives a learned edge between services without calls the rate of a mean
// edge, times its weight; and a service that nobody calls has its affinity for callers, and
// users as much, since services that depend on each other would else gather anywhere.
func (m *Model) addAffinity(exchanged []map[int]float64, total float64) {
	edges := 0
	for _, weights := range exchanged {
		edges += len(weights)
	}
	mean := 1.0
	if edges > 0 {
		mean = 2 * total / float64(edges)
	}
	called := make([]bool, len(m.callers))
	for i, callers := range m.callers {
		called[i] = len(callers) > 0
	}
	learned := map[[2]int]float64{}
	for _, e := range m.demand.Affinity {
		if e.Source == e.Destination || exchanged[e.Source][e.Destination] > 0 {
			continue
		}
		learned[[2]int{min(e.Source, e.Destination), max(e.Source, e.Destination)}] += mean * e.Weight
		if !called[e.Destination] {
			m.callers[e.Destination] = append(m.callers[e.Destination], neighbour{e.Source, e.Weight}, neighbour{estimator.Outside, e.Weight})
		}
	}
	for pair, weight := range learned {
		exchanged[pair[0]][pair[1]] = weight
		exchanged[pair[1]][pair[0]] = weight
	}
}

// shares returns weights in the order of services, scaled to a sum of 1.
func shares(weights map[int]float64, n int) []neighbour {
	sum := 0.0
	for i := range n {
		sum += weights[i]
	}
	var out []neighbour
	for i := range n {
		if w := weights[i]; w > 0 {
			out = append(out, neighbour{i, w / sum})
		}
	}
	return out
}
