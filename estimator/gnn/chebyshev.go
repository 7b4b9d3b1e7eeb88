package gnn

import "math/rand/v2"

// hops is the number of terms of the basis beyond the service itself: T₁ and T₂
// of A, T₁ and T₂ of its transpose.
const hops = 4

// chebyshev is the bidirectional Chebyshev graph convolution of order K = 3
// (Eq. 13): the first half of the channels is Σₖ Tₖ(A)·X̂·Θₖ, the second half the
// same over Aᵀ, with their own filters, because callers and callees differ.
//
// It is evaluated as Tₖ(A)·(X̂·Θₖ): filters halve the channels before the product
// with the basis, whose cost grows with the square of N.
type chebyshev[T Float] struct {
	// self holds Θ₀ of both directions, C×H.
	self *Parameter[T]
	// hops holds the other filters, C×4×H/2: T₁(A), T₂(A), T₁(Aᵀ), T₂(Aᵀ).
	hops *Parameter[T]
	bias *Parameter[T]

	selfT, hopsT []T // H×C, 2H×C
}

func newChebyshev[T Float](b *block[T], prefix string) chebyshev[T] {
	return chebyshev[T]{
		self:  newParameter[T](prefix+"chebyshev.self", shared, b.in, b.out),
		hops:  newParameter[T](prefix+"chebyshev.hops", shared, b.in, hops, b.out/2),
		bias:  newParameter[T](prefix+"chebyshev.bias", shared, b.out),
		selfT: make([]T, b.in*b.out),
		hopsT: make([]T, b.in*hops*b.out/2),
	}
}

func (l *chebyshev[T]) initialise(rng *rand.Rand, b *block[T]) {
	const order = 3
	l.self.uniform(rng, order*b.in)
	l.hops.uniform(rng, order*b.in)
	l.bias.uniform(rng, order*b.in)
}

func (l *chebyshev[T]) refresh(b *block[T]) {
	transpose(l.selfT, l.self.Data, b.in, b.out)
	transpose(l.hopsT, l.hops.Data, b.in, hops*b.out/2)
}

type chebyshevState[T Float] struct {
	projected []T // X̂·Θ of the four hops, τ·N × 2H
}

func newChebyshevState[T Float](b *block[T]) chebyshevState[T] {
	return chebyshevState[T]{projected: make([]T, b.rows()*hops*b.out/2)}
}

// hop returns how the q-th term reads the basis [T₁(A); T₂(A)], and to which
// half of the channels it adds: the offset of its matrix, the strides of (row,
// column), and the strides of the transposed matrix for the backward pass.
type hop struct {
	matrix, row, column, half int
}

func hopOf(q, n, half int) hop {
	if q < 2 {
		return hop{matrix: q * n * n, row: n, column: 1, half: 0}
	}
	return hop{matrix: (q - 2) * n * n, row: 1, column: n, half: half}
}

func (l *chebyshev[T]) forward(b *block[T], s *chebyshevState[T], x, basis, out []T) {
	n, c, h := b.services, b.in, b.out
	half, wide := h/2, hops*h/2
	b.k.Gemm(b.rows(), h, c, x, c, 1, l.self.Data, h, out, h, false)
	b.k.Gemm(b.rows(), wide, c, x, c, 1, l.hops.Data, wide, s.projected, wide, false)
	for q := range hops {
		p := hopOf(q, n, half)
		for t := range b.steps {
			b.k.Gemm(n, half, n, basis[p.matrix:], p.row, p.column,
				s.projected[t*n*wide+q*half:], wide, out[t*n*h+p.half:], h, true)
		}
	}
	b.k.BiasReLU(h, out, l.bias.Data)
}

// backward reads the gradient of its output from scratch, and stores that of X̂
// there.
func (l *chebyshev[T]) backward(b *block[T], a *activation[T], sc *scratch[T], g *blockGradient[T], basis, dbasis []T) {
	n, c, h, rows := b.services, b.in, b.out, b.rows()
	half, wide := h/2, hops*h/2
	dhidden, dhops, x := sc.hidden, sc.hops[:rows*wide], a.attended
	b.k.ReLUBackward(h, a.hidden, dhidden, g.biasOfGraph())
	for q := range hops {
		p := hopOf(q, n, half)
		for t := range b.steps {
			// The transpose of the matrix of the forward pass.
			b.k.Gemm(n, half, n, basis[p.matrix:], p.column, p.row,
				dhidden[t*n*h+p.half:], h, dhops[t*n*wide+q*half:], wide, false)
		}
	}
	if g != nil {
		b.k.Gemm(c, h, rows, x, 1, c, dhidden, h, g.self, h, true)
		b.k.Gemm(c, wide, rows, x, 1, c, dhops, wide, g.hops, wide, true)
	}
	b.k.Gemm(rows, c, h, dhidden, h, 1, l.selfT, c, sc.attended, c, false)
	b.k.Gemm(rows, c, wide, dhops, wide, 1, l.hopsT, c, sc.attended, c, true)
	if dbasis != nil {
		l.basisGradient(b, &a.chebyshev, sc, dbasis)
	}
}

// basisGradient adds Σₜ dout·projectedᵀ of every hop, transposed for the
// direction against the edges.
func (l *chebyshev[T]) basisGradient(b *block[T], s *chebyshevState[T], sc *scratch[T], dbasis []T) {
	n, h := b.services, b.out
	half, wide := h/2, hops*h/2
	right := sc.transposed[:half*n]
	for q := range hops {
		p := hopOf(q, n, half)
		left, leftStride, from, fromStride := sc.hidden, h, s.projected, wide
		leftOffset, fromOffset := p.half, q*half
		if q >= 2 {
			left, leftStride, from, fromStride = s.projected, wide, sc.hidden, h
			leftOffset, fromOffset = q*half, p.half
		}
		for t := range b.steps {
			strided(right, from[t*n*fromStride+fromOffset:], n, half, fromStride)
			b.k.Gemm(n, n, half, left[t*n*leftStride+leftOffset:], leftStride, 1, right, n, dbasis[p.matrix:], n, true)
		}
	}
}

// strided writes the transpose of src, rows×columns at a row stride, to dst.
func strided[T Float](dst, src []T, rows, columns, stride int) {
	for i := range rows {
		for j, v := range src[i*stride : i*stride+columns] {
			dst[j*rows+i] = v
		}
	}
}
