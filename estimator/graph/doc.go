// Package graph holds the mathematics of affinity matrices: union and
// normalisation (paper §IV-B, Eq. 3 and 6), the Chebyshev basis of graph
// convolutions (§IV-C, Eq. 13), and the weights of a set of graphs by their
// prediction losses (Eq. 9).
//
// An affinity matrix of N services is N·N numbers, row-major: A[i·N+j] > 0 is
// an edge from service i to service j, because i calls j or because the learner
// found that i's past helps to predict j. The convolutions go along the edges
// and against them. All functions are pure.
package graph
