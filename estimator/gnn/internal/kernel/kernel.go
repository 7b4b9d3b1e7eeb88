// Package kernel is the arithmetic of a small neural network on dense, row-major slices. It has
// one strided matrix product and the fused row operations between products (bias, ReLU, layer
// normalisation), forwards and backwards.
//
// A [Set] holds one implementation of all of them. On amd64 the sets "avx512"
// and "avx2" are Go assembly, printed by the generator in the nested module
// asm; everywhere else, and with the build tag purego, there is "gonum". A
// kernel runs on the goroutine that calls it, allocates nothing (except the
// matrix product of the gonum sets) and keeps no state, so that a Set may be
// used by many goroutines at once.
//
// The program itself lays out the operands, so a short slice is a bug of the
// caller: kernels panic before they write anything. NaN and infinities go
// through all of them as IEEE 754 has it, with one exception: the products of
// the gonum sets take 0·NaN and 0·Inf as 0 where the zero is in A, as the
// reference BLAS does.
package kernel

//go:generate go -C asm run . -out ..

// Float is the element type of a kernel.
type Float interface{ float32 | float64 }

// epsilon is added to the variance of a row before its root is taken.
const epsilon = 1e-5

// Set is one implementation of the kernels for the element type T.
type Set[T Float] struct {
	// Name is the target of the set: "avx512", "avx2" or "gonum".
	Name string

	// Gemm computes C = A·B, or C += A·B when accumulate is set, for an m×k
	// matrix A, a k×n matrix B and an m×n matrix C; m, n and k are at least 1.
	// A[i,p] is a[i*ars+p*acs], so that A may be a transposed matrix (ars 1) or
	// overlapping windows of a sequence (ars < k); strides are not negative. B
	// and C are row-major with the strides ldb and ldc, at least n. Elements
	// between the rows of C stay unchanged. C must not overlap A or B.
	Gemm func(m, n, k int, a []T, ars, acs int, b []T, ldb int, c []T, ldc int, accumulate bool)

	// NormForward is bias, ReLU and layer normalisation of the rows×channels
	// matrix r: it leaves relu(r+bias) in r, the mean and the reciprocal
	// standard deviation of every row (biased, epsilon 1e-5) in mean and rstd,
	// and (r-mean)·rstd·gain+shift in out. bias, gain and shift have one
	// element per channel, mean and rstd one per row.
	NormForward func(channels int, r, bias, gain, shift, out, mean, rstd []T)

	// NormBackward takes the gradient dout of NormForward's output to dz, the
	// gradient with respect to what r was before bias and ReLU; r, mean and
	// rstd are as NormForward left them. The gradients of the parameters are
	// added to dgain, dshift and dbias, which may be nil, all three together.
	// dz may be dout.
	NormBackward func(channels int, r, mean, rstd, gain, dout, dz, dgain, dshift, dbias []T)

	// BiasReLU is h = relu(h+bias), in place, for the rows×channels matrix h.
	BiasReLU func(channels int, h, bias []T)

	// ReLUBackward sets dh to 0 where h, the output of BiasReLU, is not
	// positive, and adds the sum of the rows of that to dbias unless it is nil.
	ReLUBackward func(channels int, h, dh, dbias []T)
}
