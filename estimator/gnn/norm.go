package gnn

// norm adds the bias of the temporal convolution, applies ReLU, and normalises
// over the channels of each (step, service) (Eq. 14).
type norm[T Float] struct {
	gain, shift *Parameter[T] // γ and β, H each
}

func newNorm[T Float](b *block[T], prefix string) norm[T] {
	return norm[T]{
		gain:  newParameter[T](prefix+"norm.gain", shared, b.out),
		shift: newParameter[T](prefix+"norm.shift", shared, b.out),
	}
}

func (l *norm[T]) initialise() {
	l.gain.fill(1)
	l.shift.fill(0)
}

func (l *norm[T]) forward(b *block[T], a *activation[T]) {
	b.k.NormForward(b.out, a.residual, b.temporal.bias.Data, l.gain.Data, l.shift.Data, a.out, a.mean, a.rstd)
}

func (l *norm[T]) backward(b *block[T], a *activation[T], dout, dz []T, g *blockGradient[T]) {
	var gain, shift, bias []T
	if g != nil {
		gain, shift, bias = g.gain, g.shift, g.bias
	}
	b.k.NormBackward(b.out, a.residual, a.mean, a.rstd, l.gain.Data, dout, dz, gain, shift, bias)
}
