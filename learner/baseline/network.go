package baseline

import (
	"fmt"
	"math/rand/v2"

	"github.com/deepscaler/deepscaler/estimator/gnn"
)

// NewTGCN returns a T-GCN on the fastest kernels of this processor, with
// parameters drawn from rng. An invalid shape is an error.
func NewTGCN(c gnn.Config, rng *rand.Rand) (gnn.Model[float32], error) {
	return build(c, gnn.FastGemm(), false, rng)
}

// NewDCRNN returns a DCRNN on the fastest kernels of this processor, with
// parameters drawn from rng. An invalid shape is an error.
func NewDCRNN(c gnn.Config, rng *rand.Rand) (gnn.Model[float32], error) {
	return build(c, gnn.FastGemm(), true, rng)
}

// NewTGCN64 is [NewTGCN] in double precision, for checking gradients.
func NewTGCN64(c gnn.Config, rng *rand.Rand) (gnn.Model[float64], error) {
	return build(c, gnn.Gemm64(), false, rng)
}

// NewDCRNN64 is [NewDCRNN] in double precision, for checking gradients.
func NewDCRNN64(c gnn.Config, rng *rand.Rand) (gnn.Model[float64], error) {
	return build(c, gnn.Gemm64(), true, rng)
}

// network is either model: encoder layers, then a head on the last hidden state
// (T-GCN) or decoder layers with a head on each of their steps (DCRNN).
type network[T gnn.Float] struct {
	config  gnn.Config
	graph   supports[T]
	encoder []*cell[T]
	decoder []*cell[T] // as many as the encoder has, none in T-GCN
	head    *head[T]
	params  []*gnn.Parameter[T]
}

func build[T gnn.Float](c gnn.Config, gemm gnn.Gemm[T], diffusion bool, rng *rand.Rand) (gnn.Model[T], error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("shape of the network: %w", err)
	}
	n := &network[T]{config: c, graph: supports[T]{gemm: gemm, services: c.Services, diffusion: diffusion}}
	outputs := c.Outputs
	n.encoder = n.stack("encoder", c.Features, rng)
	if diffusion {
		n.decoder = n.stack("decoder", 1, rng)
		outputs = 1
	}
	n.head = newHead(gemm, c, outputs)
	n.params = append(n.params, n.head.weight, n.head.bias)
	n.Refresh()
	return n, nil
}

// stack returns layers of cells, the first with the given input channels.
func (n *network[T]) stack(name string, in int, rng *rand.Rand) []*cell[T] {
	var cells []*cell[T]
	for i := range n.config.Blocks {
		c := newCell(n.graph, in, n.config.Hidden, fmt.Sprintf("%s.%d.", name, i))
		c.initialise(rng)
		cells = append(cells, c)
		n.params = append(n.params, c.input, c.gates, c.candidate, c.bias)
		in = n.config.Hidden
	}
	return cells
}

// Config implements [gnn.Model].
func (n *network[T]) Config() gnn.Config { return n.config }

// Parameters implements [gnn.Model].
func (n *network[T]) Parameters() []*gnn.Parameter[T] { return n.params }

// Refresh implements [gnn.Model].
func (n *network[T]) Refresh() {
	for _, c := range n.encoder {
		c.refresh()
	}
	for _, c := range n.decoder {
		c.refresh()
	}
}

// BasisSize implements [gnn.Model].
func (n *network[T]) BasisSize() int {
	return n.graph.matrices() * n.config.Services * n.config.Services
}

// Basis implements [gnn.Model]. T-GCN takes the affinity matrix as it is.
func (n *network[T]) Basis(basis, affinity []T) {
	if n.graph.diffusion {
		diffusion(basis, affinity, n.config.Services)
		return
	}
	copy(basis, affinity)
}

// BasisBackward implements [gnn.Model]. The graph of both networks is predefined
// in the literature; with the gradient it can be learnt as well.
func (n *network[T]) BasisBackward(daffinity, dbasis, affinity []T) {
	if n.graph.diffusion {
		diffusionBackward(daffinity, dbasis, affinity, n.config.Services)
		return
	}
	copy(daffinity, dbasis)
}
