// Package em learns networks and affinity matrices from recorded telemetry:
// adaptive learning by expectation–maximisation (paper §IV-B, Algorithm 2).
//
// Each iteration trains the parameters θ of the network under the current
// affinity matrix (policy learning), then a generator of new affinity matrices
// with the network frozen (graph learning), adds what it generates to the set 𝒜,
// and weighs the graphs of the set by how well the network predicts with each of
// them on held-back samples (graph updating).
//
// Learning is reproducible bit for bit on one machine for the same samples,
// configuration and seed, and ends soon after its context does.
package em
