// Package autodiff puts the networks of estimator/gnn and the graph generator
// (paper §IV-B, Eq. 5–8) into gorgonia's expression graphs, so that gorgonia
// differentiates the loss with respect to parameters ([Policy]) and affinity
// matrices ([Generator]).
//
// A network with its loss is one operation, [Loss]: it runs sample by sample
// with the fused kernels of estimator/gnn, forward and backward at once, so that
// activations stay in the cache and memory does not grow with the batch. The
// generator, which is small, is made of gorgonia's own operations.
//
// gorgonia panics where it finds a fault in a graph; this package returns errors.
package autodiff
