package baseline

import (
	"github.com/deepscaler/deepscaler/estimator/gnn"
)

// head is a linear layer on a hidden state, the same for all services. Its weights
// begin as 0, like those of the head of package gnn.
type head[T gnn.Float] struct {
	gemm        gnn.Gemm[T]
	in, outputs int
	weight      *gnn.Parameter[T] // H×O
	bias        *gnn.Parameter[T] // O
}

func newHead[T gnn.Float](gemm gnn.Gemm[T], c gnn.Config, outputs int) *head[T] {
	return &head[T]{
		gemm: gemm, in: c.Hidden, outputs: outputs,
		weight: newParameter[T]("head.weight", c.Hidden, outputs),
		bias:   newParameter[T]("head.bias", outputs),
	}
}

// forward computes rows of outputs in y from rows of states.
func (l *head[T]) forward(states, y []T) {
	rows := len(y) / l.outputs
	for i := range rows {
		copy(y[i*l.outputs:(i+1)*l.outputs], l.bias.Data)
	}
	l.gemm(rows, l.outputs, l.in, states, l.in, 1, l.weight.Data, l.outputs, y, l.outputs, true)
}

// backward adds the gradient of the states to dstates.
func (l *head[T]) backward(dy, dstates []T) {
	for i := range len(dy) / l.outputs {
		row, into := dy[i*l.outputs:(i+1)*l.outputs], dstates[i*l.in:(i+1)*l.in]
		// There are too few outputs for a matrix product.
		for j := range into {
			weights := l.weight.Data[j*l.outputs : (j+1)*l.outputs]
			for o, d := range row {
				into[j] += d * weights[o]
			}
		}
	}
}

// parametersBackward adds the gradients of weight and bias to gradients.
func (l *head[T]) parametersBackward(states, dy []T, gradients [][]T) {
	l.gemm(l.in, l.outputs, len(dy)/l.outputs, states, 1, l.in, dy, l.outputs, gradients[0], l.outputs, true)
	addRows(gradients[1], dy)
}
