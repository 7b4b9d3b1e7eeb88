package queueing

import "math"

const (
	// maxSweeps bounds the iteration on a graph with cycles. A graph without
	// any is solved in one sweep; a loop whose requests come back with
	// probability 0.9 takes about 200.
	maxSweeps = 250
	// convergence is the relative change at which a value has converged.
	convergence = 1e-9
)

// propagate returns the least solution of
//
//	x_i = max(base_i + Σ_j ratio_ji·x_j, floor_i)
//
// over the peers j of i, by Gauss-Seidel sweeps from below in the given order.
// With peers = callers, base = arrivals from outside and no floor, that is
// λ = (I - Pᵀ)⁻¹γ, the traffic equations of an open Jackson network. A graph
// without cycles takes one sweep and one to see that nothing moves, and memory
// is linear in the edges, where factoring I - Pᵀ would fill a dense matrix.
//
// A value that did not converge, because a cycle feeds itself, is NaN. A NaN
// base or floor makes its own value NaN and counts as 0 for the peers.
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
			v = max(v, floor[i])
			if !known(v) {
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
		if moving[i] || math.IsInf(x[i], 0) || !known(base[i]) || !known(floor[i]) {
			x[i] = math.NaN()
		}
	}
	return x
}

// spread lowers every value to the least of its own and those of its peers,
// and of theirs in turn, in place. NaN gives way to any number.
func spread(order []int, peers *adjacency, values []float64) {
	for changed := true; changed; {
		changed = false
		for _, i := range order {
			from, _ := peers.of(i)
			for _, j := range from {
				if values[j] < values[i] || !known(values[i]) && known(values[j]) {
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
