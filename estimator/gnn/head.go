package gnn

import "github.com/deepscaler/deepscaler/estimator/gnn/internal/kernel"

// discount is the factor of a step of the window in the head, relative to the next
// step. Weights can grow, so it does not limit the head. But all weights learn at the
// same pace, and without a discount the noise of the eleven older steps hides the
// newest one.
const discount = 0.8

// head is the fully connected layer over (τ × channels) of a service, the same
// for all services (paper §IV-C, the last paragraph):
//
//	y = Σₜ γ^(τ−1−t)·Xₜ·Wₜ + b
//
// with the discount γ. Its parameters begin as 0, so the network first predicts its
// anchor and need not unlearn noise.
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

func (l *head[T]) refresh() {
	step := l.in * l.outputs
	for t := range l.steps {
		transpose(l.weightT[t*step:(t+1)*step], l.weight.Data[t*step:], l.in, l.outputs)
	}
}

// forward writes N·O outputs to y.
func (l *head[T]) forward(x, y []T) {
	n, c, o := l.services, l.in, l.outputs
	clear(y[:n*o])
	for t := range l.steps {
		scale(y[:n*o], discount)
		l.k.Gemm(n, o, c, x[t*n*c:], c, 1, l.weight.Data[t*c*o:], o, y, o, true)
	}
	for i := range n {
		for j, v := range l.bias.Data {
			y[i*o+j] += v
		}
	}
}

// backward skips the gradients of the parameters if they are nil, and overwrites
// scaled, which is as long as dy.
func (l *head[T]) backward(x, dy, dx, dweight, dbias, scaled []T) {
	n, c, o := l.services, l.in, l.outputs
	if dbias != nil {
		for i := range n {
			for j, v := range dy[i*o : i*o+o] {
				dbias[j] += v
			}
		}
	}
	copy(scaled, dy)
	dy = scaled
	for t := l.steps - 1; t >= 0; t-- {
		if dweight != nil {
			l.k.Gemm(c, o, n, x[t*n*c:], 1, c, dy, o, dweight[t*c*o:], o, true)
		}
		l.k.Gemm(n, c, o, dy, o, 1, l.weightT[t*c*o:], c, dx[t*n*c:], c, false)
		scale(dy, discount)
	}
}

func scale[T Float](values []T, factor T) {
	for i := range values {
		values[i] *= factor
	}
}
