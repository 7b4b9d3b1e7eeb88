package graph

// Chebyshev writes the first terms of the Chebyshev basis of an affinity matrix
// to basis, 2·N·N numbers. They are T₁(A) = A and T₂(A) = 2A² − I. T₀ = I is
// not stored. With the same terms of Aᵀ, their transposes, it is the
// bidirectional Chebyshev convolution of order K = 3 (Eq. 13).
func Chebyshev[T Float](basis, a []T, n int) {
	n2 := n * n
	copy(basis[:n2], a[:n2])
	second := basis[n2 : 2*n2]
	clear(second)
	for i := range n {
		row := second[i*n : i*n+n]
		for k := range n {
			axpy(2*a[i*n+k], a[k*n:k*n+n], row)
		}
		row[i]--
	}
}

// ChebyshevBackward writes the gradient with respect to A, N·N numbers, to da, given that of
// the two terms, dbasis. It is dA = dT₁ + 2·(dT₂·Aᵀ + Aᵀ·dT₂).
func ChebyshevBackward[T Float](da, dbasis, a []T, n int) {
	n2 := n * n
	copy(da[:n2], dbasis[:n2])
	second := dbasis[n2 : 2*n2]
	for i := range n {
		for k := range n {
			g := 2 * second[i*n+k]
			if g == 0 {
				continue
			}
			// T₂ has 2·Σ_m A[i,m]·A[m,k] at (i, k).
			for m := range n {
				da[i*n+m] += g * a[m*n+k]
				da[m*n+k] += g * a[i*n+m]
			}
		}
	}
}

func axpy[T Float](alpha T, x, y []T) {
	if alpha == 0 {
		return
	}
	y = y[:len(x)]
	for i, v := range x {
		y[i] += alpha * v
	}
}
