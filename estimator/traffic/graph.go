// Package traffic carries rates, times and bounds through an invocation graph. Rates go from
// callers to callees, as requests do, and waiting from callees to callers.
package traffic

import (
	"cmp"
	"slices"

	"github.com/deepscaler/deepscaler/estimator"
)

// Graph is an invocation graph with the mean number of calls per request to the
// caller. Its memory is linear in the edges.
type Graph struct {
	// callersFirst visits callers before callees, except in cycles, and calleesFirst
	// the other way round.
	callersFirst, calleesFirst []int
	// callers and callees hold the same calls by destination and by source.
	callers, callees adjacency
}

// adjacency lists, for every service, its peers and the ratios of the edges.
type adjacency struct {
	start []int
	peer  []int
	ratio []float64
}

// New returns the graph of n services. Edges between a service and itself count like
// others. It reorders the edges.
func New(n int, edges []estimator.Edge) *Graph {
	g := &Graph{}
	slices.SortFunc(edges, func(a, b estimator.Edge) int {
		return cmp.Or(cmp.Compare(a.Destination, b.Destination), cmp.Compare(a.Source, b.Source))
	})
	g.callers = index(n, edges, func(e estimator.Edge) (int, int) { return e.Destination, e.Source })
	slices.SortStableFunc(edges, func(a, b estimator.Edge) int { return cmp.Compare(a.Source, b.Source) })
	g.callees = index(n, edges, func(e estimator.Edge) (int, int) { return e.Source, e.Destination })
	g.callersFirst = callersFirst(n, &g.callees)
	g.calleesFirst = slices.Clone(g.callersFirst)
	slices.Reverse(g.calleesFirst)
	return g
}

func index(n int, edges []estimator.Edge, ends func(estimator.Edge) (at, peer int)) adjacency {
	a := adjacency{start: make([]int, n+1), peer: make([]int, len(edges)), ratio: make([]float64, len(edges))}
	for i, e := range edges {
		at, peer := ends(e)
		a.start[at+1]++
		a.peer[i], a.ratio[i] = peer, e.Weight
	}
	for i := range n {
		a.start[i+1] += a.start[i]
	}
	return a
}

func (a *adjacency) of(i int) ([]int, []float64) {
	from, to := a.start[i], a.start[i+1]
	return a.peer[from:to], a.ratio[from:to]
}

// Callers returns the services that call service i, and their calls to it per request
// that they receive. The slices are those of the graph.
func (g *Graph) Callers(i int) ([]int, []float64) { return g.callers.of(i) }

// Callees returns the services that service i calls, and its calls to them per request
// that it receives. The slices are those of the graph.
func (g *Graph) Callees(i int) ([]int, []float64) { return g.callees.of(i) }
