package generator

import (
	"math"

	"github.com/deepscaler/deepscaler/estimator/graph"
)

// Generator makes affinity matrices with some parameters:
//
//	G(A) = Norm(S⊙A₁ + (1−S)⊙A),  S = σ(h([A₁, A]))
//
// with Norm of Eq. 6. It remembers its last step forward, for the way back, and is
// for one goroutine at a time.
type Generator[T Float] struct {
	Parameters *Parameters[T]
	// Threshold is ε of Eq. 6.
	Threshold T

	old, proposal, product []T // A, A₁ and A₁ before ReLU
	gate, mixed            []T // S, and the argument of Norm
}

// Forward returns A_new = G(A), N×N.
func (g *Generator[T]) Forward(affinity []T) []T {
	n := g.Parameters.Services
	g.old = append(g.old[:0], affinity...)
	g.product = resize(g.product, n*n)
	g.proposal, g.gate, g.mixed = resize(g.proposal, n*n), resize(g.gate, n*n), resize(g.mixed, n*n)
	g.propose()
	for i, a1 := range g.proposal {
		_, z := g.hiddenGate(a1, g.old[i])
		g.gate[i] = T(1 / (1 + math.Exp(-float64(z))))
		g.mixed[i] = g.old[i] + g.gate[i]*(a1-g.old[i])
	}
	return graph.Sparse(g.mixed, n, g.Threshold)
}

// propose makes A₁.
func (g *Generator[T]) propose() {
	p := g.Parameters
	n, d := p.Services, p.Embedding
	for i := range n {
		for j := range n {
			var v T
			for k := range d {
				v += p.M1[i*d+k]*p.M2[j*d+k] - p.M2[i*d+k]*p.M1[j*d+k]
			}
			if i == j {
				v += p.Lambda[i]
			}
			g.product[i*n+j] = v
			g.proposal[i*n+j] = max(v, 0)
		}
	}
}

// hiddenGate returns the hidden channels of h at one entry, and its output.
func (g *Generator[T]) hiddenGate(a1, a T) (channels [hidden]T, z T) {
	p := g.Parameters
	z = p.Bias1[0]
	for k := range channels {
		channels[k] = max(p.Weight0[2*k]*a1+p.Weight0[2*k+1]*a+p.Bias0[k], 0)
		z += p.Weight1[k] * channels[k]
	}
	return channels, z
}

// Backward adds the gradients of the parameters to sum, given the gradient with
// respect to A_new of the last Forward.
func (g *Generator[T]) Backward(danew []T, sum *Parameters[T]) {
	p := g.Parameters
	n := p.Services
	dmixed := graph.SparseBackward(danew, g.mixed, n, g.Threshold)
	dproduct := make([]T, n*n)
	for i, a1 := range g.proposal {
		a, s := g.old[i], g.gate[i]
		d := dmixed[i] * s
		channels, _ := g.hiddenGate(a1, a)
		dz := dmixed[i] * (a1 - a) * s * (1 - s)
		sum.Bias1[0] += dz
		for k, v := range channels {
			sum.Weight1[k] += dz * v
			if v <= 0 {
				continue
			}
			dh := dz * p.Weight1[k]
			sum.Weight0[2*k] += dh * a1
			sum.Weight0[2*k+1] += dh * a
			sum.Bias0[k] += dh
			d += dh * p.Weight0[2*k]
		}
		if g.product[i] <= 0 {
			d = 0
		}
		dproduct[i] = d
	}
	g.backwardProduct(dproduct, sum)
}

// backwardProduct differentiates M₁M₂ᵀ − M₂M₁ᵀ + Diag(Λ).
func (g *Generator[T]) backwardProduct(dproduct []T, sum *Parameters[T]) {
	p := g.Parameters
	n, d := p.Services, p.Embedding
	for i := range n {
		sum.Lambda[i] += dproduct[i*n+i]
		for j := range n {
			directed := dproduct[i*n+j] - dproduct[j*n+i]
			if directed == 0 {
				continue
			}
			for k := range d {
				sum.M1[i*d+k] += directed * p.M2[j*d+k]
				sum.M2[i*d+k] -= directed * p.M1[j*d+k]
			}
		}
	}
}

// NewEdges returns ReLU(C/N² − δ)/δ of Eq. 7, and writes its gradient with
// respect to A_new to danew.
//
// C counts the entries that A_new has and A has not (Eq. 8). That is a step
// function whose gradient is zero, so an entry of weight w counts w/(w+softness)
// instead of 1: nearly a count for weights well above softness, and with a slope
// for those below.
func NewEdges[T Float](anew, a, danew []T, delta, softness T) (cost T) {
	var count T
	for i, w := range anew {
		if a[i] == 0 && w > 0 {
			count += w / (w + softness)
		}
	}
	clear(danew)
	share := count / T(len(a))
	if share <= delta {
		return 0
	}
	for i, w := range anew {
		if a[i] == 0 && w > 0 {
			danew[i] = softness / ((w + softness) * (w + softness) * T(len(a)) * delta)
		}
	}
	return (share - delta) / delta
}

func resize[T Float](v []T, n int) []T {
	if cap(v) < n {
		return make([]T, n)
	}
	return v[:n]
}
