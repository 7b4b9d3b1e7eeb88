package baseline

import "github.com/deepscaler/deepscaler/estimator/gnn"

// diffusion writes the supports of DCRNN's convolution with two diffusion steps,
// 4·N·N numbers, to basis: P, P², Pᵣ and Pᵣ² with the transition matrices of the
// random walks along the edges, P = D_out⁻¹·A, and against them,
// Pᵣ = D_in⁻¹·Aᵀ (Li et al., Eq. 2). A walk that cannot leave a service ends
// there: where the sum of a row is not positive, the row is 0.
func diffusion[T gnn.Float](basis, a []T, n int) {
	n2 := n * n
	for walk := range 2 {
		p, square := basis[2*walk*n2:][:n2], basis[(2*walk+1)*n2:][:n2]
		clear(p)
		clear(square)
		for i := range n {
			sum := rowSum(a, n, walk, i)
			if sum <= 0 {
				continue
			}
			for j := range n {
				p[i*n+j] = a[entry(n, walk, i, j)] / sum
			}
		}
		for i := range n {
			for m, v := range p[i*n : i*n+n] {
				for j, w := range p[m*n : m*n+n] {
					square[i*n+j] += v * w
				}
			}
		}
	}
}

// diffusionBackward writes the gradient with respect to A, N·N numbers, to da,
// given that with respect to the supports. Rows whose sum is not positive have
// none.
func diffusionBackward[T gnn.Float](da, dbasis, a []T, n int) {
	n2 := n * n
	basis := make([]T, 4*n2)
	diffusion(basis, a, n)
	clear(da[:n2])
	dp := make([]T, n2)
	for walk := range 2 {
		p, dsquare := basis[2*walk*n2:][:n2], dbasis[(2*walk+1)*n2:][:n2]
		copy(dp, dbasis[2*walk*n2:])
		for i := range n {
			for j, g := range dsquare[i*n : i*n+n] {
				for m := range n { // P² has Σ_m P[i,m]·P[m,j] at (i, j).
					dp[i*n+m] += g * p[m*n+j]
					dp[m*n+j] += g * p[i*n+m]
				}
			}
		}
		for i := range n {
			sum := rowSum(a, n, walk, i)
			if sum <= 0 {
				continue
			}
			var mean T // of the row's gradient, over where the walk goes
			for j, v := range p[i*n : i*n+n] {
				mean += v * dp[i*n+j]
			}
			for j, g := range dp[i*n : i*n+n] {
				da[entry(n, walk, i, j)] += (g - mean) / sum
			}
		}
	}
}

// entry is the place of (i, j) of A for the walk along the edges, 0, and of Aᵀ
// for the walk against them, 1.
func entry(n, walk, i, j int) int {
	if walk == 0 {
		return i*n + j
	}
	return j*n + i
}

func rowSum[T gnn.Float](a []T, n, walk, i int) (sum T) {
	for j := range n {
		sum += a[entry(n, walk, i, j)]
	}
	return sum
}
