// Package gnn is the spatio-temporal graph neural network that estimates the
// replicas of all services of an application jointly (paper §IV-C): blocks of
// temporal attention (Eq. 11–12), bidirectional Chebyshev graph convolution
// (Eq. 13), temporal convolution with a residual, ReLU and LayerNorm (Eq. 14),
// and a head that all services share.
//
// The package holds parameters, and forward and backward passes of one sample,
// but no learning. Training and inference run the same code on the same
// parameters; inference allocates nothing. Networks exist in float32, on the
// fastest kernels the processor has, and in float64, for checking gradients.
//
// Every array is row-major with the channel last: a sample is τ·N·C numbers,
// x[(t·N+n)·C+c], oldest step first, so that every operation is a matrix product
// on rows of channels.
package gnn
