package gnn

import (
	"math/rand/v2"

	"github.com/deepscaler/deepscaler/estimator/gnn/internal/kernel"
)

// head is the fully connected layer over (τ × channels) of a service, the same
// for all services (paper §IV-C, the last paragraph).
type head[T Float] struct {
	k               kernel.Set[T]
	steps, services int
	in, outputs     int
	weight          *Parameter[T] // τ×H×O
	bias            *Parameter[T] // O
	weightT         []T           // τ×O×H
}

func newHead[T Float](k kernel.Set[T], c Config) *head[T] {
	return &head[T]{
		k: k, steps: c.Window, services: c.Services, in: c.Hidden, outputs: c.Outputs,
		weight:  newParameter[T]("head.weight", shared, c.Window, c.Hidden, c.Outputs),
		bias:    newParameter[T]("head.bias", shared, c.Outputs),
		weightT: make([]T, c.Window*c.Hidden*c.Outputs),
	}
}

func (l *head[T]) initialise(rng *rand.Rand) {
	l.weight.uniform(rng, l.steps*l.in)
	l.bias.fill(0)
}

func (l *head[T]) refresh() {
	step := l.in * l.outputs
	for t := range l.steps {
		transpose(l.weightT[t*step:(t+1)*step], l.weight.Data[t*step:], l.in, l.outputs)
	}
}

// forward writes N·O outputs to y.
func (l *head[T]) forward(x, y []T) {
	n, c, o := l.services, l.in, l.outputs
	for i := range n {
		copy(y[i*o:i*o+o], l.bias.Data)
	}
	for t := range l.steps {
		l.k.Gemm(n, o, c, x[t*n*c:], c, 1, l.weight.Data[t*c*o:], o, y, o, true)
	}
}

// backward skips the gradients of the parameters when they are nil.
func (l *head[T]) backward(x, dy, dx, dweight, dbias []T) {
	n, c, o := l.services, l.in, l.outputs
	for t := range l.steps {
		if dweight != nil {
			l.k.Gemm(c, o, n, x[t*n*c:], 1, c, dy, o, dweight[t*c*o:], o, true)
		}
		l.k.Gemm(n, c, o, dy, o, 1, l.weightT[t*c*o:], c, dx[t*n*c:], c, false)
	}
	if dbias == nil {
		return
	}
	for i := range n {
		for j, v := range dy[i*o : i*o+o] {
			dbias[j] += v
		}
	}
}
