// Package baseline holds T-GCN and DCRNN, the two recurrent graph networks that the paper
// compares with (§V-C). Sources are Zhao et al., T-GCN: A Temporal Graph Convolutional Network
// for Traffic Prediction, 2019, and Li et al., Diffusion Convolutional Recurrent Neural
// Network, 2018. Both are a gated recurrent unit whose matrix products are graph convolutions.
// They differ in the supports of the convolution and in the outputs:
//
//   - T-GCN convolves with the affinity matrix alone, and one linear layer, the
//     same for all services, takes the last hidden state to all outputs.
//   - DCRNN diffuses along the edges and against them, up to two steps far, and
//     a decoder of the same cells goes on from the last hidden state: it starts
//     with zeros and is fed its own previous output, one output per step.
//
// They are [gnn.Model]s, so the code that trains and serves a [gnn.Network]
// works with them. Of [gnn.Config], Blocks is the number of stacked layers, 1
// in the T-GCN of its authors; Kernel must be valid and has no meaning here.
//
// Arrays are row-major with the channel last, as in package gnn.
package baseline
