package graph

import (
	"math"
	"slices"
)

// Weights returns the weight of every graph of a set by its prediction loss:
// softmax(max ℓ − ℓ) of Eq. 9, so a graph that predicts better weighs more. The
// losses must be finite.
//
// sharpness multiplies the differences. It is 1 in the paper; with losses of
// about 0.1 that gives nearly a plain mean, so a learner passes the inverse of
// the spread that should matter.
func Weights(losses []float64, sharpness float64) []float64 {
	if len(losses) == 0 {
		return nil
	}
	best := slices.Min(losses)
	weights := make([]float64, len(losses))
	sum := 0.0
	for i, l := range losses {
		// Shifting by the best instead of the worst changes nothing and cannot overflow.
		weights[i] = math.Exp(sharpness * (best - l))
		sum += weights[i]
	}
	for i := range weights {
		weights[i] /= sum
	}
	return weights
}

// Combine returns the weighted sum of graphs, the argument of Norm in Eq. 9.
func Combine[T Float](graphs [][]T, weights []float64, n int) []T {
	out := make([]T, n*n)
	for k, g := range graphs {
		axpy(T(weights[k]), g, out)
	}
	return out
}
