package generator

import (
	"errors"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// Float is the element type of a generator.
type Float interface{ float32 | float64 }

// hidden is the number of channels between the two 1×1 convolutions of Eq. 5.
const hidden = 4

// The gate starts at σ(gateClosed + gateSlope·A₁): a tenth without an edge, above
// a half from an edge of weight 0.1.
const (
	gateClosed = -2.2
	gateSlope  = 25
)

// Parameters are π, the parameters of the generator (Eq. 5), or their gradients.
type Parameters[T Float] struct {
	// Services is N, Embedding is d.
	Services, Embedding int
	// M1 and M2 are N×d. A₁ = ReLU(M₁M₂ᵀ − M₂M₁ᵀ + Diag(Λ)) has an edge in at
	// most one direction between two services.
	M1, M2 []T
	// Lambda holds N numbers, the diagonal of A₁.
	Lambda []T
	// Weight0 (4×2) and Bias0 (4), Weight1 (4) and Bias1 (1) are the 1×1
	// convolutions h of Eq. 5 over the channels [A₁, A].
	Weight0, Bias0, Weight1, Bias1 []T
}

// Zero returns parameters that are all 0.
func Zero[T Float](services, embedding int) *Parameters[T] {
	return &Parameters[T]{
		Services: services, Embedding: embedding,
		M1: make([]T, services*embedding), M2: make([]T, services*embedding), Lambda: make([]T, services),
		Weight0: make([]T, hidden*2), Bias0: make([]T, hidden), Weight1: make([]T, hidden), Bias1: make([]T, 1),
	}
}

// All returns all parameters, in the order of [Parameters.Shapes].
func (p *Parameters[T]) All() [][]T {
	return [][]T{p.M1, p.M2, p.Lambda, p.Weight0, p.Bias0, p.Weight1, p.Bias1}
}

// Shapes returns the shape of each parameter.
func (p *Parameters[T]) Shapes() [][]int {
	n, d := p.Services, p.Embedding
	return [][]int{{n, d}, {n, d}, {n}, {hidden, 2}, {hidden}, {hidden}, {1}}
}

// New returns parameters whose first A₁ has the given edges and the diagonal of
// the affinity matrix. The edges are an N×N matrix K ≥ 0 without a diagonal. B =
// K − Kᵀ is antisymmetric, so with the d largest terms UΣVᵀ of its singular value
// decomposition, M₁ = U·√(Σ/2) and M₂ = V·√(Σ/2) give M₁M₂ᵀ − M₂M₁ᵀ ≈ B, and ReLU
// leaves the direction of each pair that weighs more.
//
// The gate starts open where A₁ has an edge and nearly closed elsewhere, so that
// the first A_new is the affinity matrix with the edges added. All other
// parameters are drawn from rng.
func New[T Float](affinity, edges []T, n, d int, rng *rand.Rand) (*Parameters[T], error) {
	p := Zero[T](n, d)
	b := mat.NewDense(n, n, nil)
	for i := range n {
		p.Lambda[i] = affinity[i*n+i]
		for j := range n {
			b.Set(i, j, float64(edges[i*n+j])-float64(edges[j*n+i]))
		}
	}
	var svd mat.SVD
	if !svd.Factorize(b, mat.SVDThin) {
		return nil, errors.New("the singular value decomposition of the edges does not converge")
	}
	var u, v mat.Dense
	svd.UTo(&u)
	svd.VTo(&v)
	sigma := svd.Values(nil)
	for i := range n {
		for k := range d {
			p.M1[i*d+k], p.M2[i*d+k] = T(0.01*rng.NormFloat64()), T(0.01*rng.NormFloat64())
			if k < n {
				root := math.Sqrt(sigma[k] / 2)
				p.M1[i*d+k] += T(root * u.At(i, k))
				p.M2[i*d+k] += T(root * v.At(i, k))
			}
		}
	}
	for _, w := range [][]T{p.Weight0, p.Bias0, p.Weight1} {
		for i := range w {
			w[i] = T(0.1 * rng.NormFloat64())
		}
	}
	// The first hidden channel of the gate sees A₁.
	p.Weight0[0], p.Bias0[0], p.Weight1[0] = gateSlope, 0, 1
	p.Bias1[0] = gateClosed
	return p, nil
}
