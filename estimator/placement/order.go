package placement

import "github.com/deepscaler/deepscaler/estimator"

// callersFirst returns the services so that callers come before those that they call, and
// whether a cycle of calls makes that impossible.
func callersFirst(callers [][]neighbour) (order []int, cyclic bool) {
	const (
		fresh = iota
		open
		done
	)
	state := make([]int, len(callers))
	var visit func(s int)
	visit = func(s int) {
		state[s] = open
		for _, c := range callers[s] {
			switch {
			case c.service == estimator.Outside:
			case state[c.service] == fresh:
				visit(c.service)
			case state[c.service] == open:
				cyclic = true
			}
		}
		state[s] = done
		order = append(order, s)
	}
	for s := range callers {
		if state[s] == fresh {
			visit(s)
		}
	}
	return order, cyclic
}
