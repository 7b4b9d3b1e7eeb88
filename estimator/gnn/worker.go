package gnn

// worker is the [Pass] of a [Network].
type worker[T Float] struct {
	network *Network[T]
	acts    []*activation[T]

	// For training only.
	scratch   *scratch[T]
	dout      [2][]T // gradients between blocks
	gradients [][]T
	blocks    []*blockGradient[T] // nil elements without gradients of parameters
}

// Inference implements [Model].
func (n *Network[T]) Inference() Pass[T] { return n.newWorker() }

func (n *Network[T]) newWorker() *worker[T] {
	w := &worker[T]{network: n}
	for _, b := range n.blocks {
		w.acts = append(w.acts, newActivation(b))
	}
	return w
}

// Training implements [Model].
func (n *Network[T]) Training(parameters bool) Pass[T] {
	w := n.newWorker()
	w.scratch = newScratch(n.blocks, n.config.Outputs)
	size := n.config.Window * n.config.Services * n.config.Hidden
	w.dout = [2][]T{make([]T, size), make([]T, size)}
	w.blocks = make([]*blockGradient[T], len(n.blocks))
	if !parameters {
		return w
	}
	for _, p := range n.params {
		w.gradients = append(w.gradients, make([]T, len(p.Data)))
	}
	for i := range n.blocks {
		w.blocks[i] = gradientOf(w.gradients[i*blockParameters : (i+1)*blockParameters])
	}
	return w
}

// Forward implements [Pass].
func (w *worker[T]) Forward(x, basis, y []T) {
	for i, b := range w.network.blocks {
		x = b.forward(w.acts[i], x, basis)
	}
	w.network.head.forward(x, y)
}

// Backward implements [Pass].
func (w *worker[T]) Backward(dy, basis, dbasis []T) {
	last := len(w.network.blocks) - 1
	dout, dx := w.dout[0], w.dout[1]
	var weight, bias []T
	if g := w.gradients; g != nil {
		weight, bias = g[len(g)-2], g[len(g)-1]
	}
	w.network.head.backward(w.acts[last].out, dy, dout, weight, bias, w.scratch.outputs)
	for i := last; i >= 0; i-- {
		if i == 0 {
			dx = nil // telemetry needs no gradient
		}
		w.network.blocks[i].backward(w.acts[i], w.scratch, w.blocks[i], basis, dout, dx, dbasis)
		dout, dx = dx, dout
	}
}

// Gradients implements [Pass].
func (w *worker[T]) Gradients() [][]T { return w.gradients }
