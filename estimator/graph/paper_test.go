package graph_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/deepscaler/deepscaler/estimator/graph"
)

// The equations of the paper once more, as products of matrices.

func dense(a []float64, n int) *mat.Dense { return mat.NewDense(n, n, append([]float64{}, a...)) }

func identity(n int) *mat.Dense {
	i := mat.NewDense(n, n, nil)
	for k := range n {
		i.Set(k, k, 1)
	}
	return i
}

// scaled is D^-½ · A · D^-½ with D_ii = Σⱼ A_ij.
func scaled(a mat.Matrix) *mat.Dense {
	n, _ := a.Dims()
	root := mat.NewDense(n, n, nil)
	for i := range n {
		sum := 0.0
		for j := range n {
			sum += a.At(i, j)
		}
		root.Set(i, i, 1/math.Sqrt(sum))
	}
	var out mat.Dense
	out.Product(root, a, root)
	return &out
}

// random returns a matrix whose rows are not empty.
func random(rng *rand.Rand, n int, edges float64) []float64 {
	a := make([]float64, n*n)
	for i := range a {
		if i/n == i%n || rng.Float64() < edges {
			a[i] = 0.1 + rng.Float64()
		}
	}
	return a
}

// §IV-B, Eq. 3: every Ak ⇐ D̃^-½ Ã D̃^-½ with Ã = A + I; an entry of the union is
// the sum of the graphs over the number of those that have it.
func TestEquation3(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	for n := 1; n <= 6; n++ {
		var graphs [][]float64
		sum, count := make([]float64, n*n), make([]float64, n*n)
		for range 3 {
			a := random(rng, n, 0.4)
			graphs = append(graphs, a)
			var tilde mat.Dense
			tilde.Add(dense(a, n), identity(n))
			normalised := scaled(&tilde).RawMatrix().Data
			near(t, "Ak", graph.WithSelfLoops(a, n), normalised)
			for i, v := range normalised {
				if v != 0 {
					sum[i] += v
					count[i]++
				}
			}
		}
		for i := range sum {
			sum[i] /= max(count[i], 1)
		}
		near(t, "A", graph.Union(graphs, n), sum)
	}
	near(t, "A of no graphs", graph.Union[float64](nil, 2), []float64{1, 0, 0, 1})
}

// §IV-B, Eq. 6: Norm(A) = D₂^-½ A₂ D₂^-½ with A₂ = ReLU(D^-½ A D^-½ − ϵ).
func TestEquation6(t *testing.T) {
	const epsilon = 0.05
	rng := rand.New(rand.NewPCG(6, 1))
	for n := 1; n <= 6; n++ {
		a := random(rng, n, 0.4)
		second := scaled(dense(a, n))
		near(t, "D^-½ A D^-½", graph.Normalise(a, n), second.RawMatrix().Data)
		second.Apply(func(_, _ int, v float64) float64 { return max(v-epsilon, 0) }, second)
		near(t, "Norm(A)", graph.Sparse(a, n, epsilon), scaled(second).RawMatrix().Data)
	}
}

// §IV-B, Eq. 9: A = Norm(Σ softmax(max Lᵢ − l⃗)·Aᵢ).
func TestEquation9(t *testing.T) {
	const n, epsilon = 4, 0.05
	losses := []float64{0.3, 0.1, 0.7}
	rng := rand.New(rand.NewPCG(9, 1))
	var graphs [][]float64
	var mixture mat.Dense
	total := math.Exp(0.7-0.3) + math.Exp(0.7-0.1) + 1
	for _, l := range losses {
		a := random(rng, n, 0.5)
		graphs = append(graphs, a)
		part := dense(a, n)
		part.Scale(math.Exp(0.7-l)/total, part)
		if mixture.IsEmpty() {
			mixture.CloneFrom(part)
			continue
		}
		mixture.Add(&mixture, part)
	}
	weights := graph.Weights(losses, 1)
	near(t, "weights", weights, []float64{math.Exp(0.4) / total, math.Exp(0.6) / total, 1 / total})
	got := graph.Combine(graphs, weights, n)
	near(t, "Σ softmax·A", got, mixture.RawMatrix().Data)
	second := scaled(&mixture)
	second.Apply(func(_, _ int, v float64) float64 { return max(v-epsilon, 0) }, second)
	near(t, "A", graph.Sparse(got, n, epsilon), scaled(second).RawMatrix().Data)
}

// §IV-C, Eq. 13: the Chebyshev polynomials T₀ = I, T₁ = A, Tₖ = 2A·Tₖ₋₁ − Tₖ₋₂.
func TestEquation13(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 1))
	for n := 1; n <= 6; n++ {
		a := dense(graph.WithSelfLoops(random(rng, n, 0.4), n), n)
		var second mat.Dense
		second.Mul(a, a)
		second.Scale(2, &second)
		second.Sub(&second, identity(n))
		basis := make([]float64, 2*n*n)
		graph.Chebyshev(basis, a.RawMatrix().Data, n)
		near(t, "T₁", basis[:n*n], a.RawMatrix().Data)
		near(t, "T₂", basis[n*n:], second.RawMatrix().Data)
	}
}
