package baseline

import (
	"github.com/deepscaler/deepscaler/estimator/gnn"
)

// supports are the matrices S that a graph convolution Σ S·X·W sums over: the
// affinity matrix of T-GCN, or the identity and the four matrices of
// [diffusion]. The identity is not in the basis.
//
// A convolution is evaluated as (S·X)·W: the features S·X of all supports stand
// side by side, one row per service, so that one product with the weights, one
// row per support and channel, finishes it. The inputs of a step have fewer
// channels than its gates, so this order is cheaper.
type supports[T gnn.Float] struct {
	gemm      gnn.Gemm[T]
	services  int
	diffusion bool
}

// matrices is the number of supports in the basis.
func (s *supports[T]) matrices() int {
	if s.diffusion {
		return 4
	}
	return 1
}

// identities is 1 if the first support is the identity, 0 otherwise.
func (s *supports[T]) identities() int {
	if s.diffusion {
		return 1
	}
	return 0
}

func (s *supports[T]) count() int { return s.identities() + s.matrices() }

// features writes S·x of all supports to z, N×(S·width), for x of N×width.
func (s *supports[T]) features(z, x []T, width int, basis []T) {
	n, wide, at := s.services, s.count()*width, 0
	if s.identities() > 0 {
		for i := range n {
			copy(z[i*wide:i*wide+width], x[i*width:])
		}
		at = width
	}
	for m := range s.matrices() {
		s.gemm(n, width, n, basis[m*n*n:], n, 1, x, width, z[at+m*width:], wide, false)
	}
}

// featuresBackward adds to dx the gradient of what [supports.features] was given.
func (s *supports[T]) featuresBackward(dx, dz []T, width int, basis []T) {
	n, wide, at := s.services, s.count()*width, 0
	if s.identities() > 0 {
		for i := range n {
			into := dx[i*width : i*width+width]
			for j, v := range dz[i*wide : i*wide+width] {
				into[j] += v
			}
		}
		at = width
	}
	for m := range s.matrices() {
		s.gemm(n, width, n, basis[m*n*n:], 1, n, dz[at+m*width:], wide, dx, width, true)
	}
}

// basisGradient adds dz·xᵀ to the gradient of every matrix. transposed is memory
// for xᵀ.
func (s *supports[T]) basisGradient(dbasis, dz, x []T, width int, transposed []T) {
	n, wide, at := s.services, s.count()*width, s.identities()*width
	transpose(transposed, x, n, width)
	for m := range s.matrices() {
		s.gemm(n, n, width, dz[at+m*width:], wide, 1, transposed, n, dbasis[m*n*n:], n, true)
	}
}
