// Package generator is the graph generator of graph learning (paper §IV-B, Eq. 5–8).
// It computes a new affinity matrix from the current one, with parameters π.
//
// It is written in gorgonia's own operations, which also differentiate it; [Express]
// builds that expression, and learner/autodiff joins it to the loss of the network.
package generator
