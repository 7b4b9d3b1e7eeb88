// Package autodiff differentiates the loss of a network with gorgonia: with respect
// to its parameters ([Policy]), the affinity matrix ([Sensitivity]), or the
// parameters of the graph generator that makes the affinity matrix ([Generator];
// paper §IV-B, Eq. 7).
//
// A network of estimator/gnn with its loss is one operation of ours, whose forward
// and backward pass go sample by sample through fused kernels, so that activations
// stay in the cache and memory does not grow with the batch. All else in a graph is
// gorgonia's: the generator is made of its own operations, and it finds the gradients
// through both.
//
// gorgonia panics where it finds a fault in a graph; this package returns errors.
package autodiff
