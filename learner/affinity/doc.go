// Package affinity shows the learned dependencies between services. It has the edges of a
// model's affinity matrix (paper §IV-B) as a table, CSV, JSON, Graphviz or Mermaid, and a
// comparison with a known graph.
//
// An entry A[source][destination] above 0 is an edge source → destination:
// source calls destination, or the past of source helps to predict destination.
// Weights are those of the normalised matrix; compare them within one graph
// only.
package affinity
