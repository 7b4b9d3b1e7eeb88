package graph_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/deepscaler/deepscaler/estimator/graph"
)

// symmetric returns a symmetric matrix of non-negative numbers of very different
// sizes, some of whose services have no edge.
func symmetric(rng *rand.Rand, n int) []float64 {
	a := make([]float64, n*n)
	for i := range n {
		for j := range i + 1 {
			if rng.Float64() < 0.3 {
				a[i*n+j] = math.Exp(6 * rng.NormFloat64())
				a[j*n+i] = a[i*n+j]
			}
		}
	}
	return a
}

// normalisations are the three ways to normalise one graph.
func normalisations(a []float64, n int, threshold float64) map[string][]float64 {
	return map[string][]float64{
		"Normalise":     graph.Normalise(a, n),
		"WithSelfLoops": graph.WithSelfLoops(a, n),
		"Sparse":        graph.Sparse(a, n, threshold),
	}
}

// TestSpectralRadius checks what keeps repeated graph convolutions from growing.
func TestSpectralRadius(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for n := 1; n <= 24; n++ {
		a, threshold := symmetric(rng, n), 0.5*rng.Float64()
		for name, normalised := range normalisations(a, n, threshold) {
			var eigen mat.EigenSym
			if !eigen.Factorize(mat.NewSymDense(n, normalised), false) {
				t.Fatalf("%s of %v has no eigenvalues", name, a)
			}
			for _, v := range eigen.Values(nil) {
				if math.Abs(v) > 1+1e-9 {
					t.Errorf("N=%d: %s has the eigenvalue %v", n, name, v)
				}
			}
		}
	}
}

// TestNormalisedIsFinite takes whatever matrix: directed, with empty rows, with
// negative entries, and with numbers of very different sizes.
func TestNormalisedIsFinite(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 1))
	for range 200 {
		n := 1 + rng.IntN(12)
		a := make([]float64, n*n)
		for i := range a {
			if rng.Float64() < 0.5 {
				a[i] = math.Exp(10 * rng.NormFloat64())
			}
			if rng.Float64() < 0.1 {
				a[i] = -a[i]
			}
		}
		for name, normalised := range normalisations(a, n, 0.1) {
			finite(t, name, normalised)
		}
	}
}

func finite(t *testing.T, name string, values []float64) {
	t.Helper()
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			t.Errorf("%s: entry %d is %v", name, i, v)
		}
	}
}

// TestServicesWithoutEdges checks that they keep no row and no column, and leave
// the others alone.
func TestServicesWithoutEdges(t *testing.T) {
	got := graph.Normalise([]float64{
		1, 0, 3,
		0, 0, 0,
		2, 0, 2,
	}, 3)
	near(t, "normalised", got, []float64{
		0.25, 0, 0.75,
		0, 0, 0,
		0.5, 0, 0.5,
	})
}

// centralDifference compares a gradient of Σ weights·f(a) with central differences.
func centralDifference(t *testing.T, name string, a, weights, gradient []float64, f func(a []float64) []float64) {
	t.Helper()
	objective := func() (sum float64) {
		for i, v := range f(a) {
			sum += weights[i] * v
		}
		return sum
	}
	for i, v := range a {
		const h = 1e-6
		a[i] = v + h
		up := objective()
		a[i] = v - h
		down := objective()
		a[i] = v
		if want := (up - down) / (2 * h); math.Abs(gradient[i]-want) > 1e-6*max(1, math.Abs(want)) {
			t.Errorf("%s: gradient[%d] is %v, central difference %v", name, i, gradient[i], want)
		}
	}
}

func normal(rng *rand.Rand, n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = rng.NormFloat64()
	}
	return v
}

func TestBackward(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	for n := 1; n <= 7; n++ {
		weights, signed, gradient := normal(rng, 2*n*n), normal(rng, n*n), make([]float64, n*n)
		graph.ChebyshevBackward(gradient, weights, signed, n)
		centralDifference(t, "Chebyshev", signed, weights, gradient, func(a []float64) []float64 {
			basis := make([]float64, 2*n*n)
			graph.Chebyshev(basis, a, n)
			return basis
		})
	}
}

func TestWeights(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 1))
	for range 200 {
		losses := make([]float64, 1+rng.IntN(8))
		for i := range losses {
			losses[i] = math.Exp(3 * rng.NormFloat64())
		}
		weights := graph.Weights(losses, math.Exp(2*rng.NormFloat64()))
		sum := 0.0
		for i, w := range weights {
			sum += w
			for j, other := range weights {
				if losses[i] < losses[j] && w < other {
					t.Errorf("losses %v weigh %v: the lower loss weighs less", losses, weights)
				}
			}
		}
		if math.Abs(sum-1) > 1e-12 {
			t.Errorf("weights %v sum to %v", weights, sum)
		}
	}
}

func TestWeightsAtTheExtremes(t *testing.T) {
	for _, tt := range []struct {
		name      string
		losses    []float64
		sharpness float64
		want      []float64
	}{
		{"none", nil, 1, nil},
		{"one", []float64{3}, 1, []float64{1}},
		{"equal", []float64{2, 2}, 100, []float64{0.5, 0.5}},
		{"no sharpness is a plain mean", []float64{1, 5, 9, 2}, 0, []float64{0.25, 0.25, 0.25, 0.25}},
		{"huge losses", []float64{math.MaxFloat64, 1, math.MaxFloat64}, 1, []float64{0, 1, 0}},
		{"huge equal losses", []float64{math.MaxFloat64, math.MaxFloat64}, 1, []float64{0.5, 0.5}},
		{"huge spread", []float64{-math.MaxFloat64, math.MaxFloat64}, 1, []float64{1, 0}},
		{"huge sharpness", []float64{1.1, 1}, 1e300, []float64{0, 1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			near(t, "weights", graph.Weights(tt.losses, tt.sharpness), tt.want)
		})
	}
}
