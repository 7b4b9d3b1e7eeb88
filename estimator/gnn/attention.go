package gnn

import (
	"math"
	"math/rand/v2"
)

// attention is temporal attention (Eq. 11–12):
//
//	E = Vₑ·σ((XᵀU₁)U₂(U₃X) + bₑ),  E'ᵢ. = softmax(Eᵢ.),  X̂ᵢ = Σⱼ E'ᵢⱼ·Xⱼ
//
// with i and j steps of the window. u1 and u2 have an entry per service. In the printed
// Eq. 12, X·E', the weights of each input step sum to 1, so the scale of an output step
// varies. In the code of the authors, and here, an output step is a weighted mean.
type attention[T Float] struct {
	u1, u2, u3, be, ve *Parameter[T]
	u2T                []T // N×C
}

func newAttention[T Float](b *block[T], prefix string) attention[T] {
	a := attention[T]{
		u1:  newParameter[T](prefix+"attention.u1", 0, b.services),
		u2:  newParameter[T](prefix+"attention.u2", 1, b.in, b.services),
		u3:  newParameter[T](prefix+"attention.u3", shared, b.in),
		be:  newParameter[T](prefix+"attention.be", shared, b.steps, b.steps),
		ve:  newParameter[T](prefix+"attention.ve", shared, b.steps, b.steps),
		u2T: make([]T, b.in*b.services),
	}
	a.be.anchored, a.ve.anchored = true, true
	return a
}

// A network begins with nearly all of the weight on the step itself, 0.97 for twelve
// steps. From parameters drawn around 0, all steps would weigh about the same: X̂
// would be the mean over the window at every step, which loses the order of events
// until the attention is learned.
const (
	focus   = 8 // of Vₑ on the step itself
	opening = 2 // of bₑ, whose sigmoid is 0.88 for the step itself and 0.12 for others
)

func (l *attention[T]) initialise(rng *rand.Rand, b *block[T]) {
	l.u1.uniform(rng, b.services)
	l.u2.uniform(rng, b.in)
	// The product with U₃X sums over the services, and must not outgrow bₑ with them.
	l.u3.uniform(rng, b.in*b.services)
	l.be.uniform(rng, b.steps)
	l.ve.uniform(rng, b.steps)
	for i := range b.steps {
		for j := range b.steps {
			l.be.Data[i*b.steps+j] -= opening
		}
		l.be.Data[i*b.steps+i] += 2 * opening
		l.ve.Data[i*b.steps+i] += focus
	}
}

func (l *attention[T]) refresh(b *block[T]) {
	transpose(l.u2T, l.u2.Data, b.in, b.services)
}

type attentionState[T Float] struct {
	u       []T // XᵀU₁, τ×C
	left    []T // XᵀU₁U₂, τ×N
	right   []T // (U₃X)ᵀ, τ×N
	rightT  []T // N×τ
	sigmoid []T // τ×τ
	weights []T // E', τ×τ
}

func newAttentionState[T Float](b *block[T]) attentionState[T] {
	rows, square := b.rows(), b.steps*b.steps
	return attentionState[T]{
		u:       make([]T, b.steps*b.in),
		left:    make([]T, rows),
		right:   make([]T, rows),
		rightT:  make([]T, rows),
		sigmoid: make([]T, square),
		weights: make([]T, square),
	}
}

func (l *attention[T]) forward(b *block[T], s *attentionState[T], x, attended []T) {
	steps, n, c := b.steps, b.services, b.in
	column := n * c // one step of x
	for t := range steps {
		b.k.Gemm(1, c, n, l.u1.Data, n, 1, x[t*column:], c, s.u[t*c:], c, false)
	}
	b.k.Gemm(steps, n, c, s.u, c, 1, l.u2.Data, n, s.left, n, false)
	b.k.Gemm(b.rows(), 1, c, x, c, 1, l.u3.Data, 1, s.right, 1, false)
	transpose(s.rightT, s.right, steps, n)
	b.k.Gemm(steps, steps, n, s.left, n, 1, s.rightT, steps, s.sigmoid, steps, false)
	for i, v := range l.be.Data {
		s.sigmoid[i] = sigmoid(s.sigmoid[i] + v)
	}
	b.k.Gemm(steps, steps, steps, l.ve.Data, steps, 1, s.sigmoid, steps, s.weights, steps, false)
	for t := range steps {
		softmax(s.weights[t*steps : t*steps+steps])
	}
	b.k.Gemm(steps, column, steps, s.weights, steps, 1, x, column, attended, column, false)
}

// backward reads the gradient of X̂ from scratch and adds that of x, through both
// the values and the weights, to dx unless dx is nil. Without g and dx it does
// nothing.
func (l *attention[T]) backward(b *block[T], a *activation[T], sc *scratch[T], g *blockGradient[T], dx []T) {
	if g == nil && dx == nil {
		return
	}
	steps, n, c := b.steps, b.services, b.in
	column := n * c
	s, x, dattended := &a.attention, a.x, sc.attended
	dweights, dsigmoid := sc.steps[0], sc.steps[1]

	transpose(sc.transposed, x, steps, column)
	b.k.Gemm(steps, steps, column, dattended, column, 1, sc.transposed, steps, dweights, steps, false)
	for t := range steps {
		softmaxBackward(s.weights[t*steps:t*steps+steps], dweights[t*steps:t*steps+steps])
	}
	if g != nil {
		for i := range steps {
			for j := range steps {
				g.ve[i*steps+j] += dot(dweights[i*steps:i*steps+steps], s.sigmoid[j*steps:j*steps+steps])
			}
		}
	}
	b.k.Gemm(steps, steps, steps, l.ve.Data, 1, steps, dweights, steps, dsigmoid, steps, false)
	for i, v := range s.sigmoid {
		dsigmoid[i] *= v * (1 - v)
	}

	dleft, dright, du := sc.nodes[0], sc.nodes[1], sc.nodes[2]
	b.k.Gemm(steps, n, steps, dsigmoid, steps, 1, s.right, n, dleft, n, false)
	b.k.Gemm(steps, n, steps, dsigmoid, 1, steps, s.left, n, dright, n, false)
	b.k.Gemm(steps, c, n, dleft, n, 1, l.u2T, c, du, c, false)
	if g != nil {
		for i, v := range dsigmoid {
			g.be[i] += v
		}
		b.k.Gemm(c, n, steps, s.u, 1, c, dleft, n, g.u2, n, true)
		b.k.Gemm(1, c, b.rows(), dright, b.rows(), 1, x, c, g.u3, c, true)
		for t := range steps {
			b.k.Gemm(n, 1, c, x[t*column:], c, 1, du[t*c:], 1, g.u1, 1, true)
		}
	}
	if dx == nil {
		return
	}
	b.k.Gemm(steps, column, steps, s.weights, 1, steps, dattended, column, dx, column, true)
	b.k.Gemm(b.rows(), c, 1, dright, 1, 1, l.u3.Data, c, dx, c, true)
	for t := range steps {
		b.k.Gemm(n, c, 1, l.u1.Data, 1, 1, du[t*c:], c, dx[t*column:], c, true)
	}
}

func sigmoid[T Float](v T) T { return T(1 / (1 + math.Exp(-float64(v)))) }

// softmax turns row into weights that sum to 1.
func softmax[T Float](row []T) {
	top := row[0]
	for _, v := range row {
		top = max(top, v)
	}
	var sum T
	for i, v := range row {
		v = T(math.Exp(float64(v - top)))
		row[i] = v
		sum += v
	}
	for i := range row {
		row[i] /= sum
	}
}

// softmaxBackward replaces the gradient of the weights by that of the arguments
// of softmax.
func softmaxBackward[T Float](weights, gradient []T) {
	mean := dot(weights, gradient)
	for i, w := range weights {
		gradient[i] = w * (gradient[i] - mean)
	}
}

func dot[T Float](a, b []T) T {
	b = b[:len(a)]
	var sum T
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}
