package affinity

import "github.com/deepscaler/deepscaler/estimator"

// comparison relates the graph of a model to a known graph. Edges of a service
// to itself do not count: the normalisation of Eq. 3 puts one at every service.
type comparison struct {
	file           string
	known, learned int    // edges of the model inside and outside the file
	missing        []edge // edges of the file outside the model, in their order
	// jaccard is the similarity by which paper §V compares graphs: the number
	// of edges in both over the number in either; 1 without any.
	jaccard float64
}

// compare marks the edges of g as known or learned. All edges of at least the
// smallest weight count. a is the matrix of g.
func (g *graph) compare(file string, edges []estimator.Edge, a []float64) {
	lacking := map[[2]int]bool{}
	for _, e := range edges {
		lacking[[2]int{e.Source, e.Destination}] = e.Source != e.Destination
	}
	c := &comparison{file: file, jaccard: 1}
	for i := range g.edges {
		e := &g.edges[i]
		pair := [2]int{e.source, e.destination}
		switch {
		case e.source == e.destination:
		case lacking[pair]:
			e.status = known
			c.known++
			delete(lacking, pair)
		default:
			e.status = learned
			c.learned++
		}
	}
	for _, e := range edges {
		if lacking[[2]int{e.Source, e.Destination}] {
			c.missing = append(c.missing, edge{
				source: e.Source, destination: e.Destination, weight: a[e.Source*len(g.services)+e.Destination], status: missing,
			})
		}
	}
	if all := c.known + c.learned + len(c.missing); all > 0 {
		c.jaccard = float64(c.known) / float64(all)
	}
	g.known = c
}
