package gnn

import "github.com/deepscaler/deepscaler/estimator/gnn/internal/kernel"

// Gemm computes C = A·B, or C += A·B when accumulate is set, for an m×k matrix A,
// a k×n matrix B and an m×n matrix C, with m, n and k at least 1. A[i,p] is
// a[i*ars+p*acs]; B and C are row-major with the strides ldb and ldc. C must not
// overlap A or B. Slices that are too short panic.
type Gemm[T Float] func(m, n, k int, a []T, ars, acs int, b []T, ldb int, c []T, ldc int, accumulate bool)

// FastGemm returns the fastest matrix product of this processor, for other networks.
func FastGemm() Gemm[float32] { return kernel.Best().Gemm }

// Gemm64 returns a matrix product in double precision, for checking gradients.
func Gemm64() Gemm[float64] { return kernel.Gonum64().Gemm }
