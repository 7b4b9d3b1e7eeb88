package graph

import "math"

// Float is the element type of a matrix.
type Float interface{ float32 | float64 }

// Normalise returns D^-½ · A · D^-½ with D the diagonal of A's row sums. Rows
// whose sum is not positive, those of isolated services, become 0 instead of
// infinite, and so do their columns.
//
// For A ≥ 0 the result's largest absolute eigenvalue is at most 1 when A is
// symmetric, and its entries are finite in any case.
func Normalise[T Float](a []T, n int) []T {
	scale := inverseRootSums(a, n)
	out := make([]T, n*n)
	for i := range n {
		for j := range n {
			out[i*n+j] = scale[i] * a[i*n+j] * scale[j]
		}
	}
	return out
}

// inverseRootSums returns the diagonal of D^-½, 0 where the sum is not positive.
func inverseRootSums[T Float](a []T, n int) []T {
	scale := make([]T, n)
	for i := range n {
		var sum T
		for _, v := range a[i*n : i*n+n] {
			sum += v
		}
		if sum > 0 {
			scale[i] = T(1 / math.Sqrt(float64(sum)))
		}
	}
	return scale
}

// WithSelfLoops returns D̃^-½ · (A + I) · D̃^-½ with D̃ the row sums of A + I,
// the normalisation of one graph in Eq. 3.
func WithSelfLoops[T Float](a []T, n int) []T {
	tilde := make([]T, n*n)
	copy(tilde, a)
	for i := range n {
		tilde[i*n+i]++
	}
	return Normalise(tilde, n)
}

// Sparse returns Norm(A) of Eq. 6: A is normalised, entries up to the threshold
// are dropped, the others are reduced by it, and the result is normalised
// again. The threshold ε, in (0, 1), removes weak relationships.
func Sparse[T Float](a []T, n int, threshold T) []T {
	out := Normalise(a, n)
	for i, v := range out {
		out[i] = max(v-threshold, 0)
	}
	return Normalise(out, n)
}

// Union returns the initial affinity matrix of Eq. 3: every graph is normalised
// with self-loops, and an entry of the union is the mean over the graphs that
// have it. Without graphs it is the identity.
func Union[T Float](graphs [][]T, n int) []T {
	out := make([]T, n*n)
	if len(graphs) == 0 {
		for i := range n {
			out[i*n+i] = 1
		}
		return out
	}
	count := make([]T, n*n)
	for _, g := range graphs {
		for i, v := range WithSelfLoops(g, n) {
			if v != 0 {
				out[i] += v
				count[i]++
			}
		}
	}
	for i, c := range count {
		if c > 0 {
			out[i] /= c
		}
	}
	return out
}
