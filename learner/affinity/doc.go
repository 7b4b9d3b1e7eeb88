// Package affinity shows what a trained model knows of the dependencies between
// services: the edges of its affinity matrix (paper §IV-B) as a table, CSV, JSON,
// Graphviz or Mermaid, and how they compare with a known graph.
//
// An entry A[source][destination] above 0 is an edge source → destination:
// source calls destination, or the past of source tells about the future of
// destination. Weights are those of the normalised matrix and compare within
// one graph only.
package affinity
