package affinity

import (
	"cmp"
	"slices"
)

// order sorts the vertices of each layer so that few edges cross: by the mean
// place of their neighbours, to and fro, and then by swaps of two that stand
// beside each other.
func (l *layering) order() {
	const sweeps = 24
	place := l.places()
	best, fewest := l.layers, l.crossings(place)
	for sweep := range sweeps {
		side := sweep % 2
		layers := cloneLayers(l.layers)
		for i := range layers {
			at := i
			if side == right {
				at = len(layers) - 1 - i
			}
			l.byNeighbours(layers[at], side, place)
		}
		l.layers = layers
		if c := l.crossings(place); c < fewest {
			best, fewest = layers, c
		}
	}
	l.layers = cloneLayers(best)
	l.swap()
}

func cloneLayers(layers [][]int) [][]int {
	out := make([][]int, len(layers))
	for i, layer := range layers {
		out[i] = slices.Clone(layer)
	}
	return out
}

// places returns the place of each vertex in its layer.
func (l *layering) places() []int {
	place := make([]int, len(l.vertices))
	for _, layer := range l.layers {
		for i, v := range layer {
			place[v] = i
		}
	}
	return place
}

// byNeighbours sorts a layer by the mean place of the neighbours at one side; a
// vertex without any keeps its place.
func (l *layering) byNeighbours(layer []int, side int, place []int) {
	mean := make(map[int]float64, len(layer))
	for i, v := range layer {
		links := l.vertices[v].links[side]
		sum := 0
		for _, w := range links {
			sum += place[w]
		}
		if mean[v] = float64(i); len(links) > 0 {
			mean[v] = float64(sum) / float64(len(links))
		}
	}
	slices.SortStableFunc(layer, func(v, w int) int { return cmp.Compare(mean[v], mean[w]) })
	for i, v := range layer {
		place[v] = i
	}
}

// crossings counts the pairs of edges that cross between two layers.
func (l *layering) crossings(place []int) int {
	total := 0
	for i, layer := range l.layers[:len(l.layers)-1] {
		// Edges by their left end: each crosses those before it whose right end
		// is below its own. tree is a Fenwick tree of right ends.
		tree, added := make([]int, len(l.layers[i+1])+1), 0
		for _, v := range layer {
			links := l.vertices[v].links[right]
			for _, w := range links {
				above := 0
				for at := place[w] + 1; at > 0; at &= at - 1 {
					above += tree[at]
				}
				total += added - above
			}
			for _, w := range links {
				for at := place[w] + 1; at < len(tree); at += at & -at {
					tree[at]++
				}
				added++
			}
		}
	}
	return total
}

// swap exchanges neighbours in a layer while that saves crossings.
func (l *layering) swap() {
	const rounds = 12
	place := l.places()
	for range rounds {
		saved := false
		for _, layer := range l.layers {
			for i := range len(layer) - 1 {
				v, w := layer[i], layer[i+1]
				if l.pairCrossings(w, v, place) < l.pairCrossings(v, w, place) {
					layer[i], layer[i+1] = w, v
					place[v], place[w] = i+1, i
					saved = true
				}
			}
		}
		if !saved {
			return
		}
	}
}

// pairCrossings counts the crossings of the edges of upper with those of lower,
// were they in that order.
func (l *layering) pairCrossings(upper, lower int, place []int) int {
	total := 0
	for _, side := range []int{left, right} {
		for _, a := range l.vertices[upper].links[side] {
			for _, b := range l.vertices[lower].links[side] {
				if place[a] > place[b] {
					total++
				}
			}
		}
	}
	return total
}
