package gnn

import "math/rand/v2"

// temporal is a convolution over the steps, zero outside of the window, plus a
// 1×1 convolution of the block's input as the residual.
type temporal[T Float] struct {
	taps     *Parameter[T] // k×H×H: tap, input channel, output channel
	bias     *Parameter[T] // H
	residual *Parameter[T] // C×H

	tapsT     []T // k×H×H with the channels swapped
	residualT []T // H×C
}

func newTemporal[T Float](b *block[T], prefix string) temporal[T] {
	return temporal[T]{
		taps:      newParameter[T](prefix+"temporal.weight", shared, b.taps, b.out, b.out),
		bias:      newParameter[T](prefix+"temporal.bias", shared, b.out),
		residual:  newParameter[T](prefix+"residual.weight", shared, b.in, b.out),
		tapsT:     make([]T, b.taps*b.out*b.out),
		residualT: make([]T, b.out*b.in),
	}
}

func (l *temporal[T]) initialise(rng *rand.Rand, b *block[T]) {
	l.taps.uniform(rng, b.taps*b.out)
	l.bias.uniform(rng, b.taps*b.out)
	l.residual.uniform(rng, b.in)
}

func (l *temporal[T]) refresh(b *block[T]) {
	square := b.out * b.out
	for q := range b.taps {
		transpose(l.tapsT[q*square:(q+1)*square], l.taps.Data[q*square:], b.out, b.out)
	}
	transpose(l.residualT, l.residual.Data, b.in, b.out)
}

// reach returns the output steps for which tap q has an input, from inclusive
// to until exclusive, and the distance of that input.
func (b *block[T]) reach(q int) (from, until, shift int) {
	shift = q - (b.taps-1)/2
	return max(0, -shift), min(b.steps, b.steps-shift), shift
}

func (l *temporal[T]) forward(b *block[T], hidden, x, out []T) {
	n, c, h := b.services, b.in, b.out
	b.k.Gemm(b.rows(), h, c, x, c, 1, l.residual.Data, h, out, h, false)
	for q := range b.taps {
		from, until, shift := b.reach(q)
		if from >= until {
			continue
		}
		b.k.Gemm((until-from)*n, h, h, hidden[(from+shift)*n*h:], h, 1, l.taps.Data[q*h*h:], h, out[from*n*h:], h, true)
	}
}

// backward reads the gradient of its output from scratch, and stores that of the
// hidden layer there. The norm adds the bias and sums its gradient.
func (l *temporal[T]) backward(b *block[T], a *activation[T], sc *scratch[T], g *blockGradient[T]) {
	n, c, h := b.services, b.in, b.out
	if g != nil {
		b.k.Gemm(c, h, b.rows(), a.x, 1, c, sc.residual, h, g.residual, h, true)
	}
	centre := (b.taps - 1) / 2
	for i := range b.taps {
		// The centre tap comes first: it reaches every step, so it can overwrite.
		q := (centre + i) % b.taps
		from, until, shift := b.reach(q)
		if from >= until {
			continue
		}
		rows, out, in := (until-from)*n, sc.residual[from*n*h:], (from+shift)*n*h
		if g != nil {
			b.k.Gemm(h, h, rows, a.hidden[in:], 1, h, out, h, g.taps[q*h*h:], h, true)
		}
		b.k.Gemm(rows, h, h, out, h, 1, l.tapsT[q*h*h:], h, sc.hidden[in:], h, i > 0)
	}
}
