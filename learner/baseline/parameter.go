package baseline

import (
	"math"
	"math/rand/v2"

	"github.com/deepscaler/deepscaler/estimator/gnn"
)

// newParameter returns a parameter that all services share.
func newParameter[T gnn.Float](name string, shape ...int) *gnn.Parameter[T] {
	size := 1
	for _, d := range shape {
		size *= d
	}
	return &gnn.Parameter[T]{Name: name, Shape: shape, ServiceAxis: -1, Data: make([]T, size)}
}

// xavier fills weights of a layer from U(−b, b) with b = √(6/(inputs+outputs)),
// after Glorot and Bengio, as the code of both papers' authors does.
func xavier[T gnn.Float](weights []T, rng *rand.Rand, inputs, outputs int) {
	bound := math.Sqrt(6 / float64(inputs+outputs))
	for i := range weights {
		weights[i] = T((2*rng.Float64() - 1) * bound)
	}
}

// transpose writes the columns of src, rows×columns, as rows of dst.
func transpose[T gnn.Float](dst, src []T, rows, columns int) {
	for i := range rows {
		for j, v := range src[i*columns : (i+1)*columns] {
			dst[j*rows+i] = v
		}
	}
}
