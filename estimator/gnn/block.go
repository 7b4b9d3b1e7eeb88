package gnn

import (
	"math/rand/v2"

	"github.com/deepscaler/deepscaler/estimator/gnn/internal/kernel"
)

// block is one spatio-temporal block: τ·N·C in, τ·N·H out.
type block[T Float] struct {
	k        kernel.Set[T]
	steps    int // τ
	services int // N
	in       int // C, channels that enter
	out      int // H, channels that leave
	taps     int // of the temporal convolution

	attention attention[T]
	chebyshev chebyshev[T]
	temporal  temporal[T]
	norm      norm[T]
}

func newBlock[T Float](k kernel.Set[T], c Config, in int, prefix string) *block[T] {
	b := &block[T]{k: k, steps: c.Window, services: c.Services, in: in, out: c.Hidden, taps: c.Kernel}
	b.attention = newAttention[T](b, prefix)
	b.chebyshev = newChebyshev[T](b, prefix)
	b.temporal = newTemporal[T](b, prefix)
	b.norm = newNorm[T](b, prefix)
	return b
}

// rows is the number of (step, service) pairs.
func (b *block[T]) rows() int { return b.steps * b.services }

func (b *block[T]) initialise(rng *rand.Rand) {
	b.attention.initialise(rng, b)
	b.chebyshev.initialise(rng, b)
	b.temporal.initialise(rng, b)
	b.norm.initialise()
}

func (b *block[T]) refresh() {
	b.attention.refresh(b)
	b.chebyshev.refresh(b)
	b.temporal.refresh(b)
}

// activation holds the results of a block's forward pass for its backward pass.
type activation[T Float] struct {
	x, out []T // input and output

	attention attentionState[T]
	attended  []T // X̂, τ·N·C
	chebyshev chebyshevState[T]
	hidden    []T // ReLU of the graph convolution, τ·N·H
	residual  []T // ReLU before LayerNorm, τ·N·H
	mean      []T // of each row, τ·N
	rstd      []T // 1/σ of each row, τ·N
}

func newActivation[T Float](b *block[T]) *activation[T] {
	rows := b.rows()
	return &activation[T]{
		out:       make([]T, rows*b.out),
		attention: newAttentionState[T](b),
		attended:  make([]T, rows*b.in),
		chebyshev: newChebyshevState[T](b),
		hidden:    make([]T, rows*b.out),
		residual:  make([]T, rows*b.out),
		mean:      make([]T, rows),
		rstd:      make([]T, rows),
	}
}

func (b *block[T]) forward(a *activation[T], x, basis []T) []T {
	a.x = x
	b.attention.forward(b, &a.attention, x, a.attended)
	b.chebyshev.forward(b, &a.chebyshev, a.attended, basis, a.hidden)
	b.temporal.forward(b, a.hidden, x, a.residual)
	b.norm.forward(b, a)
	return a.out
}

// backward takes the gradient dout of the block's output and adds those of its parameters
// to g, unless g is nil. It overwrites dx with the gradient of the input, unless dx is
// nil, and adds that of the basis to dbasis, unless dbasis is nil.
func (b *block[T]) backward(a *activation[T], s *scratch[T], g *blockGradient[T], basis, dout, dx, dbasis []T) {
	b.norm.backward(b, a, dout, s.residual, g)
	b.temporal.backward(b, a, s, g)
	b.chebyshev.backward(b, a, s, g, basis, dbasis)
	if dx != nil {
		b.k.Gemm(b.rows(), b.in, b.out, s.residual, b.out, 1, b.temporal.residualT, b.in, dx, b.in, false)
	}
	b.attention.backward(b, a, s, g, dx)
}

// scratch is the memory of the backward pass of the largest block, besides its
// activations.
type scratch[T Float] struct {
	residual   []T // gradient before ReLU and LayerNorm, τ·N·H
	hidden     []T // gradient of the graph convolution, τ·N·H
	hops       []T // gradient of the projections, τ·N·2H
	attended   []T // gradient of X̂, τ·N·C
	transposed []T // of whatever is being multiplied from the right
	steps      [2][]T
	nodes      [3][]T
	outputs    []T // gradient of the outputs, discounted, N·O
}

func newScratch[T Float](blocks []*block[T], outputs int) *scratch[T] {
	rows, channels, hidden, steps := 0, 0, 0, 0
	for _, b := range blocks {
		rows, channels, hidden, steps = b.rows(), max(channels, b.in), b.out, b.steps
	}
	return &scratch[T]{
		residual:   make([]T, rows*hidden),
		hidden:     make([]T, rows*hidden),
		hops:       make([]T, rows*2*hidden),
		attended:   make([]T, rows*channels),
		transposed: make([]T, rows*max(channels, hidden/2)),
		steps:      [2][]T{make([]T, steps*steps), make([]T, steps*steps)},
		nodes:      [3][]T{make([]T, rows), make([]T, rows), make([]T, steps*channels)},
		outputs:    make([]T, rows/steps*outputs),
	}
}

// blockGradient holds the gradients of a block's parameters, one slice each.
type blockGradient[T Float] struct {
	u1, u2, u3, be, ve    []T
	self, hops, graphBias []T
	taps, bias, residual  []T
	gain, shift           []T
}

// parameters lists the block's parameters in their order in files.
func (b *block[T]) parameters() []*Parameter[T] {
	a, c, t, n := &b.attention, &b.chebyshev, &b.temporal, &b.norm
	return []*Parameter[T]{a.u1, a.u2, a.u3, a.be, a.ve, c.self, c.hops, c.bias, t.taps, t.bias, t.residual, n.gain, n.shift}
}

// gradientOf names the slices of all, which are in the order of parameters.
func gradientOf[T Float](all [][]T) *blockGradient[T] {
	return &blockGradient[T]{
		u1: all[0], u2: all[1], u3: all[2], be: all[3], ve: all[4],
		self: all[5], hops: all[6], graphBias: all[7],
		taps: all[8], bias: all[9], residual: all[10],
		gain: all[11], shift: all[12],
	}
}

// biasOfGraph returns nil if gradients of parameters are not wanted.
func (g *blockGradient[T]) biasOfGraph() []T {
	if g == nil {
		return nil
	}
	return g.graphBias
}

// blockParameters is the number of parameters of a block.
const blockParameters = 13

// transpose writes the columns of src, rows×columns, as rows of dst.
func transpose[T Float](dst, src []T, rows, columns int) {
	// In tiles, so that both sides stay in the cache.
	const tile = 16
	for i0 := 0; i0 < rows; i0 += tile {
		i1 := min(i0+tile, rows)
		for j0 := 0; j0 < columns; j0 += tile {
			j1 := min(j0+tile, columns)
			for i := i0; i < i1; i++ {
				for j := j0; j < j1; j++ {
					dst[j*rows+i] = src[i*columns+j]
				}
			}
		}
	}
}
