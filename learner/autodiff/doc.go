// Package autodiff differentiates the loss of a network with gorgonia. It does so with respect
// to its parameters ([Policy]) or those of the graph generator that makes the affinity matrix
// ([Generator]; paper §IV-B, Eq. 7).
//
// A network of estimator/gnn with its loss is one operation of ours. Its passes go
// sample by sample through fused kernels, so activations stay in the cache and memory
// does not grow with the batch. All else is gorgonia's: the generator consists of
// gorgonia's operations, and gorgonia finds the gradients through both.
//
// gorgonia panics on a faulty graph; this package returns errors.
package autodiff
