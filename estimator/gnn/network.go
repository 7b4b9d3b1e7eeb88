package gnn

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/deepscaler/deepscaler/estimator/gnn/internal/kernel"
	"github.com/deepscaler/deepscaler/estimator/graph"
)

// Float is the element type of a network.
type Float interface{ float32 | float64 }

// Network holds the parameters of P_θ (paper §IV-C). Its [Pass]es may run
// concurrently as long as the parameters do not change.
type Network[T Float] struct {
	config Config
	blocks []*block[T]
	head   *head[T]
	params []*Parameter[T]
}

// New returns a network on the fastest kernels of this processor, with
// parameters drawn from rng. An invalid shape is an error.
func New(c Config, rng *rand.Rand) (*Network[float32], error) {
	return build(c, kernel.Best(), rng)
}

// NewFloat64 is [New] in double precision, for checking gradients.
func NewFloat64(c Config, rng *rand.Rand) (*Network[float64], error) {
	return build(c, kernel.Gonum64(), rng)
}

// NewOn is [New] on the kernels with the given name, for comparisons.
func NewOn(kernels string, c Config, rng *rand.Rand) (*Network[float32], error) {
	var names []string
	for _, k := range kernel.Available() {
		if k.Name == kernels {
			return build(c, k, rng)
		}
		names = append(names, k.Name)
	}
	return nil, fmt.Errorf("no kernels named %q on this processor, it has %s", kernels, strings.Join(names, ", "))
}

func build[T Float](c Config, k kernel.Set[T], rng *rand.Rand) (*Network[T], error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("shape of the network: %w", err)
	}
	n := &Network[T]{config: c}
	for i, in := 0, c.Features; i < c.Blocks; i, in = i+1, c.Hidden {
		b := newBlock(k, c, in, fmt.Sprintf("blocks.%d.", i))
		b.initialise(rng)
		n.blocks = append(n.blocks, b)
		n.params = append(n.params, b.parameters()...)
	}
	n.head = newHead(k, c)
	n.params = append(n.params, n.head.weight, n.head.bias)
	n.Refresh()
	return n, nil
}

// Config returns the shape of the network.
func (n *Network[T]) Config() Config { return n.config }

// Parameters returns all parameters, in the order of their gradients.
func (n *Network[T]) Parameters() []*Parameter[T] { return n.params }

// Refresh prepares the backward pass after parameters changed. It must not run
// beside a worker.
func (n *Network[T]) Refresh() {
	for _, b := range n.blocks {
		b.refresh()
	}
	n.head.refresh()
}

// BasisSize returns the length of the graph's basis, see [Network.Basis].
func (n *Network[T]) BasisSize() int { return 2 * n.config.Services * n.config.Services }

// Basis writes the Chebyshev basis of an affinity matrix, N×N and normalised, to
// basis.
func (n *Network[T]) Basis(basis, affinity []T) {
	graph.Chebyshev(basis, affinity, n.config.Services)
}

// BasisBackward writes the gradient with respect to the affinity matrix.
func (n *Network[T]) BasisBackward(daffinity, dbasis, affinity []T) {
	graph.ChebyshevBackward(daffinity, dbasis, affinity, n.config.Services)
}
