package traffic

import "math"

const (
	// maxSweeps bounds the iteration on a graph with cycles. A graph without
	// any is solved in one sweep; a loop whose requests come back with
	// probability 0.9 takes about 200.
	maxSweeps = 250
	// convergence is the relative change at which a value has converged.
	convergence = 1e-9
)

// Downstream returns what reaches every service: the least solution of
//
//	x_i = max(base_i + Σ_j ratio_ji·x_j, floor_i)
//
// over the callers j of i, with nil for no floor. With the arrivals from outside as
// the base that is λ = (I - Pᵀ)⁻¹γ, the traffic equations of an open Jackson network.
//
// A value that did not converge, because a cycle feeds itself, is NaN. A NaN
// base or floor makes its own value NaN and counts as 0 for the peers.
func (g *Graph) Downstream(base, floor []float64) []float64 {
	return propagate(g.callersFirst, &g.callers, base, floor)
}

// Upstream returns what every service has of its own together with what it has of its
// callees, which call after call adds: the solution of x_i = own_i + Σ_j ratio_ij·x_j over
// the callees j of i. Values are NaN as those of [Graph.Downstream] are.
func (g *Graph) Upstream(own []float64) []float64 {
	return propagate(g.calleesFirst, &g.callees, own, nil)
}

// propagate solves by Gauss-Seidel sweeps from below in the given order. A graph
// without cycles takes one sweep and one to see that nothing moves, and memory
// is linear in the edges, where factoring I - Pᵀ would fill a dense matrix.
func propagate(order []int, peers *adjacency, base, floor []float64) []float64 {
	x := make([]float64, len(base))
	moving := make([]bool, len(base))
	for range maxSweeps {
		settled := true
		for _, i := range order {
			v := base[i]
			from, ratios := peers.of(i)
			for k, j := range from {
				v += ratios[k] * x[j]
			}
			if floor != nil {
				v = max(v, floor[i])
			}
			if math.IsNaN(v) {
				v = 0
			}
			moving[i] = math.Abs(v-x[i]) > convergence*v
			settled = settled && !moving[i]
			x[i] = v
		}
		if settled {
			break
		}
	}
	for i := range x {
		if moving[i] || math.IsInf(x[i], 0) || math.IsNaN(base[i]) || floor != nil && math.IsNaN(floor[i]) {
			x[i] = math.NaN()
		}
	}
	return x
}

// SpreadDownstream lowers every value to the least of its own and those of its callers,
// and of theirs in turn, in place. NaN gives way to any number.
func (g *Graph) SpreadDownstream(values []float64) { spread(g.callersFirst, &g.callers, values) }

// SpreadUpstream does the same with callees.
func (g *Graph) SpreadUpstream(values []float64) { spread(g.calleesFirst, &g.callees, values) }

func spread(order []int, peers *adjacency, values []float64) {
	for changed := true; changed; {
		changed = false
		for _, i := range order {
			from, _ := peers.of(i)
			for _, j := range from {
				if values[j] < values[i] || math.IsNaN(values[i]) && !math.IsNaN(values[j]) {
					values[i] = values[j]
					changed = true
				}
			}
		}
	}
}

// callersFirst returns the services in an order in which every caller comes
// before its callees, cycles apart: the reverse postorder of a depth-first
// search (Tarjan 1972), without recursion so that a long chain cannot exhaust
// the stack.
func callersFirst(n int, callees *adjacency) []int {
	order := make([]int, n)
	next := n
	seen := make([]bool, n)
	cursor := make([]int, n)
	var stack []int
	for root := range n {
		if seen[root] {
			continue
		}
		seen[root] = true
		stack = append(stack, root)
		for len(stack) > 0 {
			i := stack[len(stack)-1]
			peers, _ := callees.of(i)
			if cursor[i] == len(peers) {
				stack = stack[:len(stack)-1]
				next--
				order[next] = i
				continue
			}
			j := peers[cursor[i]]
			cursor[i]++
			if !seen[j] {
				seen[j] = true
				stack = append(stack, j)
			}
		}
	}
	return order
}
