package kernel

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// Gonum32 returns the portable set for float32: gonum's Sgemm and Go loops.
// Sgemm starts goroutines for big products and allocates for them.
func Gonum32() Set[float32] { return portable(gonum.Implementation{}.Sgemm) }

// Gonum64 returns the portable set for float64: gonum's Dgemm and Go loops.
// Dgemm starts goroutines for big products and allocates for them.
func Gonum64() Set[float64] { return portable(gonum.Implementation{}.Dgemm) }

// blasGemm is ?gemm of BLAS, row-major: C = alpha·op(A)·op(B) + beta·C.
type blasGemm[T Float] func(tA, tB blas.Transpose, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int)

func portable[T Float](gemm blasGemm[T]) Set[T] {
	return Set[T]{
		Name: "gonum",
		Gemm: func(m, n, k int, a []T, ars, acs int, b []T, ldb int, c []T, ldc int, accumulate bool) {
			checkGemm(m, n, k, len(a), ars, acs, len(b), ldb, len(c), ldc)
			var beta T
			if accumulate {
				beta = 1
			}
			switch {
			case acs == 1 && ars > 0:
				// BLAS has no overlapping rows, but what overlaps is one stride further on.
				for p := 0; p < k; p += ars {
					gemm(blas.NoTrans, blas.NoTrans, m, n, min(ars, k-p), 1, a[p:], ars, b[p*ldb:], ldb, beta, c, ldc)
					beta = 1
				}
			case ars == 1 && acs >= m:
				gemm(blas.Trans, blas.NoTrans, m, n, k, 1, a, acs, b, ldb, beta, c, ldc)
			default:
				loopGemm(m, n, k, a, ars, acs, b, ldb, c, ldc, accumulate)
			}
		},
		NormForward:  normForward[T],
		NormBackward: normBackward[T],
		BiasReLU:     biasReLU[T],
		ReLUBackward: reluBackward[T],
	}
}

// loopGemm is for operands that BLAS does not support: matrices with gaps in
// both directions, and one row for all.
func loopGemm[T Float](m, n, k int, a []T, ars, acs int, b []T, ldb int, c []T, ldc int, accumulate bool) {
	for i := range m {
		row := c[i*ldc:][:n]
		if !accumulate {
			clear(row)
		}
		for p := range k {
			v := a[i*ars+p*acs]
			for j, w := range b[p*ldb:][:n] {
				row[j] += v * w
			}
		}
	}
}
