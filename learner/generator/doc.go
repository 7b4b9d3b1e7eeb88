// Package generator is the parameterised graph generator G of graph learning
// (paper §IV-B, Eq. 5–8): it turns the current affinity matrix into a new one,
// and knows its own gradients.
package generator
