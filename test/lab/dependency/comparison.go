package dependency

import "github.com/deepscaler/deepscaler/estimator"

// Comparison is what a learned graph has in common with the OD and the CC relations of the
// same history (Fig. 11). All are compared in either direction.
type Comparison struct {
	OD, CC Overlap
	// Both is against the relations that are OD or CC.
	Both Overlap
	// Share of all pairs of services that the graph has: what chance would capture.
	Share float64
	// Edges of the graph, each direction counted.
	Edges int
}

// Overlap compares a learned graph with one kind of relations.
type Overlap struct {
	// Pairs that are related.
	Pairs int
	// Captured is the share of the relations that the graph has, Jaccard the similarity of
	// both, which an edge too many lowers as much as one that is missing.
	Captured, Jaccard float64
	// Missing are the names of the related pairs that the graph lacks.
	Missing [][2]string
}

// Compare compares an affinity matrix, N×N, with the relations in a history and in the
// invocation graph of its services.
func Compare(w *estimator.Window, edges []estimator.Edge, affinity []float32) Comparison {
	n := len(w.Services)
	directed := Learned(affinity, n)
	graph := directed.Undirected(n)
	od, cc := Passes(n, edges).Undirected(n), Correlations(w).Undirected(n)
	both := make(Relations, n*n)
	for i := range both {
		both[i] = od[i] || cc[i]
	}
	overlap := func(r Relations) Overlap {
		o := Overlap{Pairs: r.Count() / 2, Captured: r.Captured(graph), Jaccard: r.Jaccard(graph)}
		for i, related := range r {
			if source, destination := i/n, i%n; related && !graph[i] && source < destination {
				o.Missing = append(o.Missing, [2]string{w.Services[source].Name, w.Services[destination].Name})
			}
		}
		return o
	}
	return Comparison{
		OD: overlap(od), CC: overlap(cc), Both: overlap(both),
		Share: float64(graph.Count()) / float64(n*(n-1)), Edges: directed.Count(),
	}
}
