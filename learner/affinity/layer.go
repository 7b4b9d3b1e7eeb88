package affinity

import (
	"math"
	"slices"
)

// maxVertices bounds a layering, which has a vertex for every layer that an
// edge passes.
const maxVertices = 4000

// layering is a drawing in layers after Sugiyama, Tagawa and Toda (1981): every
// edge runs from one layer to the next, long ones over vertices that only
// reserve room.
type layering struct {
	graph    *graph
	vertices []vertex
	layers   [][]int // vertices from top to bottom
	chains   [][]int // by edge: its vertices from left to right; empty for self-loops
	against  []bool  // by edge: it runs from right to left
	loops    map[int]int
}

type vertex struct {
	service int // -1 where an edge only passes
	layer   int
	height  float64
	links   [2][]int // vertices in the layer to the left and to the right
	y       float64  // of the centre
}

// The sides of a vertex.
const (
	left  = 0
	right = 1
)

// against tells which edges close a cycle when the edges are added by weight,
// and how many these are. Without them the graph is acyclic.
func (g *graph) against() ([]bool, int) {
	against, count := make([]bool, len(g.edges)), 0
	next := make([][]int, len(g.services))
	for i, e := range g.edges {
		switch {
		case e.source == e.destination:
		case reaches(next, e.destination, e.source):
			against[i] = true
			count++
		default:
			next[e.source] = append(next[e.source], e.destination)
		}
	}
	return against, count
}

func reaches(next [][]int, from, to int) bool {
	seen := make([]bool, len(next))
	for stack := []int{from}; len(stack) > 0; {
		v := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if v == to {
			return true
		}
		if !seen[v] {
			seen[v] = true
			stack = append(stack, next[v]...)
		}
	}
	return false
}

func newLayering(g *graph, connected, against []bool) *layering {
	l := &layering{graph: g, against: against, chains: make([][]int, len(g.edges)), loops: g.loops()}
	layer := l.assign()
	vertexOf := make([]int, len(g.services))
	for service, is := range connected {
		if is {
			vertexOf[service] = l.add(service, layer[service])
		}
	}
	for i, e := range g.edges {
		if e.source == e.destination {
			continue
		}
		from, to := l.ends(i)
		chain := []int{vertexOf[from]}
		for at := layer[from] + 1; at < layer[to]; at++ {
			chain = append(chain, l.add(-1, at))
		}
		chain = append(chain, vertexOf[to])
		for k := 1; k < len(chain); k++ {
			a, b := &l.vertices[chain[k-1]], &l.vertices[chain[k]]
			a.links[right] = append(a.links[right], chain[k])
			b.links[left] = append(b.links[left], chain[k-1])
		}
		l.chains[i] = chain
	}
	for i := range l.vertices {
		v := &l.vertices[i]
		if v.service >= 0 {
			v.height = l.boxHeight(v)
			if _, ok := l.loops[v.service]; ok {
				v.height += loopRoom
			}
		}
	}
	return l
}

// ends returns the left and the right service of an edge.
func (l *layering) ends(i int) (int, int) {
	e := l.graph.edges[i]
	if l.against[i] {
		return e.destination, e.source
	}
	return e.source, e.destination
}

func (l *layering) add(service, layer int) int {
	for len(l.layers) <= layer {
		l.layers = append(l.layers, nil)
	}
	l.vertices = append(l.vertices, vertex{service: service, layer: layer})
	l.layers[layer] = append(l.layers[layer], len(l.vertices)-1)
	return len(l.vertices) - 1
}

// boxHeight leaves room for the heads of the arrows at either side.
func (l *layering) boxHeight(v *vertex) float64 {
	ports := max(len(v.links[left]), len(v.links[right]))
	return min(max(boxHeight, 8*float64(ports)+8), 220)
}

// assign returns the layer of each service: one behind the last that has an
// edge to it; services without such stand right before what they have an edge
// to.
func (l *layering) assign() []int {
	g := l.graph
	n := len(g.services)
	next, before := make([][]int, n), make([]int, n)
	for i, e := range g.edges {
		if e.source != e.destination {
			from, to := l.ends(i)
			next[from] = append(next[from], to)
			before[to]++
		}
	}
	layer, first := make([]int, n), slices.Clone(before)
	var ready []int
	for v, count := range before {
		if count == 0 {
			ready = append(ready, v)
		}
	}
	for at := 0; at < len(ready); at++ {
		for _, to := range next[ready[at]] {
			layer[to] = max(layer[to], layer[ready[at]]+1)
			if before[to]--; before[to] == 0 {
				ready = append(ready, to)
			}
		}
	}
	for v, to := range next {
		if first[v] > 0 || len(to) == 0 {
			continue
		}
		layer[v] = math.MaxInt
		for _, w := range to {
			layer[v] = min(layer[v], layer[w]-1)
		}
	}
	return layer
}
