package gnn

import (
	"math"
	"math/rand/v2"
)

// Parameter is one trainable array. Training and inference share its data: after a
// change, call [Network.Refresh] before the next backward pass, and run no pass
// during a change.
type Parameter[T Float] struct {
	// Name is unique in the network, for example "blocks.0.attention.u1".
	Name string
	// Shape is the size along each axis; Data is row-major.
	Shape []int
	// ServiceAxis is the axis that has one entry per service, -1 for a
	// parameter that all services share.
	ServiceAxis int
	Data        []T

	anchored bool
}

// Decays reports whether weight decay may pull the parameter to 0. It excludes
// gains, biases and all others of one dimension, and parameters with a start away
// from 0, such as the attention's Vₑ and bₑ.
func (p *Parameter[T]) Decays() bool { return len(p.Shape) > 1 && !p.anchored }

// shared is the ServiceAxis of a parameter without an entry per service.
const shared = -1

func newParameter[T Float](name string, serviceAxis int, shape ...int) *Parameter[T] {
	size := 1
	for _, d := range shape {
		size *= d
	}
	return &Parameter[T]{Name: name, Shape: shape, ServiceAxis: serviceAxis, Data: make([]T, size)}
}

// uniform fills the parameter from U(−1/√fan, 1/√fan), where fan is the number
// of inputs that one output sums over.
func (p *Parameter[T]) uniform(rng *rand.Rand, fan int) {
	bound := 1 / math.Sqrt(float64(fan))
	for i := range p.Data {
		p.Data[i] = T((2*rng.Float64() - 1) * bound)
	}
}

func (p *Parameter[T]) fill(v T) {
	for i := range p.Data {
		p.Data[i] = v
	}
}
