package baseline

import "github.com/deepscaler/deepscaler/estimator/gnn"

// tape stores the results of a cell's steps, for later steps and the backward
// pass.
type tape[T gnn.Float] struct {
	size   int // N·H, of a hidden state
	x      []T // inputs, steps·N·C; owned by the caller
	states []T // hidden states, (steps+1)·N·H, from the initial one
	gates  []T // u, r and c, steps·N·3H

	input   []T // features of x, steps·N·(S·C)
	hidden  []T // features of h, steps·N·(S·H)
	reset   []T // features of r⊙h, likewise
	product []T // r⊙h of one step
	keep    int // size of a step of hidden and reset, 0 if there is only room for one

	// For training only.
	dgates []T // before the activations, as gates
	dstate []T // of the current hidden state of the backward pass
	dx     []T // steps·N·C, nil if not wanted
}

func newTape[T gnn.Float](c *cell[T], steps int) *tape[T] {
	n, s := c.graph.services, c.graph.count()
	return &tape[T]{
		size:    n * c.hidden,
		states:  make([]T, (steps+1)*n*c.hidden),
		gates:   make([]T, steps*n*3*c.hidden),
		input:   make([]T, steps*n*s*c.in),
		hidden:  make([]T, n*s*c.hidden),
		reset:   make([]T, n*s*c.hidden),
		product: make([]T, n*c.hidden),
	}
}

// record allocates memory for the backward pass.
func (a *tape[T]) record(c *cell[T], steps int, dx bool) {
	n := c.graph.services
	a.keep = len(a.hidden)
	a.hidden = make([]T, steps*a.keep)
	a.reset = make([]T, steps*a.keep)
	a.dgates = make([]T, len(a.gates))
	a.dstate = make([]T, n*c.hidden)
	if dx {
		a.dx = make([]T, steps*n*c.in)
	}
}

// state returns a hidden state, N×H; step t takes state t to t+1.
func (a *tape[T]) state(t int) []T { return a.states[t*a.size : (t+1)*a.size] }

// scratch is the memory of the backward pass for the largest cell.
type scratch[T gnn.Float] struct {
	features   []T // gradient of features
	product    []T // gradient of r⊙h
	transposed []T
}

func newScratch[T gnn.Float](steps int, cells ...*cell[T]) *scratch[T] {
	n, s := cells[0].graph.services, cells[0].graph.count()
	widest, hidden := 0, cells[0].hidden
	for _, c := range cells {
		widest = max(widest, c.in)
	}
	return &scratch[T]{
		features:   make([]T, n*s*max(steps*widest, hidden)),
		product:    make([]T, n*hidden),
		transposed: make([]T, n*max(widest, hidden)),
	}
}
