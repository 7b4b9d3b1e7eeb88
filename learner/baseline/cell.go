package baseline

import (
	"math"
	"math/rand/v2"

	"github.com/deepscaler/deepscaler/estimator/gnn"
)

// cell is a gated recurrent unit whose matrix products are graph convolutions,
// one layer of T-GCN or DCRNN:
//
//	u, r = σ(conv([x, h]))
//	c    = tanh(conv([x, r⊙h]))
//	h'   = u⊙h + (1−u)⊙c
//
// The convolution of [x, h] is the sum of those of x and h. That of x does not
// depend on the previous step, so it is computed for all steps and both products
// at once.
type cell[T gnn.Float] struct {
	graph  supports[T]
	in     int // C, channels of x
	hidden int // H

	input     *gnn.Parameter[T] // S×C×3H: x to u, r and c
	gates     *gnn.Parameter[T] // S×H×2H: h to u and r
	candidate *gnn.Parameter[T] // S×H×H: r⊙h to c
	bias      *gnn.Parameter[T] // 3×H

	inputT, gatesT, candidateT []T
}

// cellParameters is the number of parameters of a cell.
const cellParameters = 4

func newCell[T gnn.Float](graph supports[T], in, hidden int, prefix string) *cell[T] {
	s := graph.count()
	return &cell[T]{
		graph: graph, in: in, hidden: hidden,
		input:      newParameter[T](prefix+"input", s, in, 3*hidden),
		gates:      newParameter[T](prefix+"gates", s, hidden, 2*hidden),
		candidate:  newParameter[T](prefix+"candidate", s, hidden, hidden),
		bias:       newParameter[T](prefix+"bias", 3, hidden),
		inputT:     make([]T, s*in*3*hidden),
		gatesT:     make([]T, s*hidden*2*hidden),
		candidateT: make([]T, s*hidden*hidden),
	}
}

// initialise draws the weights as if those of x and h were one matrix. Biases of
// 1 open both gates, so a new cell keeps its state.
func (c *cell[T]) initialise(rng *rand.Rand) {
	h := c.hidden
	inputs := c.graph.count() * (c.in + h)
	for row := range c.graph.count() * c.in {
		weights := c.input.Data[row*3*h : (row+1)*3*h]
		xavier(weights[:2*h], rng, inputs, 2*h)
		xavier(weights[2*h:], rng, inputs, h)
	}
	xavier(c.gates.Data, rng, inputs, 2*h)
	xavier(c.candidate.Data, rng, inputs, h)
	clear(c.bias.Data)
	for i := range 2 * h {
		c.bias.Data[i] = 1
	}
}

func (c *cell[T]) refresh() {
	s, h := c.graph.count(), c.hidden
	transpose(c.inputT, c.input.Data, s*c.in, 3*h)
	transpose(c.gatesT, c.gates.Data, s*h, 2*h)
	transpose(c.candidateT, c.candidate.Data, s*h, h)
}

// project initialises the gates of count steps with the parts of x and the bias.
func (c *cell[T]) project(a *tape[T], from, count int, basis []T) {
	n, wide := c.graph.services, c.graph.count()*c.in
	for t := from; t < from+count; t++ {
		c.graph.features(a.input[t*n*wide:], a.x[t*n*c.in:], c.in, basis)
	}
	three := 3 * c.hidden
	gates := a.gates[from*n*three : (from+count)*n*three]
	for i := range count * n {
		copy(gates[i*three:(i+1)*three], c.bias.Data)
	}
	c.graph.gemm(count*n, three, wide, a.input[from*n*wide:], wide, 1, c.input.Data, three, gates, three, true)
}

// step computes hidden state t+1 of the tape from t, after project.
func (c *cell[T]) step(a *tape[T], t int, basis []T) {
	n, h := c.graph.services, c.hidden
	wide, three := c.graph.count()*h, 3*h
	before, after := a.state(t), a.state(t+1)
	gates, kept := a.gates[t*n*three:(t+1)*n*three], t*a.keep

	c.graph.features(a.hidden[kept:], before, h, basis)
	c.graph.gemm(n, 2*h, wide, a.hidden[kept:], wide, 1, c.gates.Data, 2*h, gates, three, true)
	for i := range n {
		row, memory := gates[i*three:i*three+2*h], before[i*h:i*h+h]
		for j, v := range row {
			row[j] = sigmoid(v)
		}
		reset := a.product[i*h : i*h+h]
		for j, r := range row[h:] {
			reset[j] = r * memory[j]
		}
	}

	c.graph.features(a.reset[kept:], a.product, h, basis)
	c.graph.gemm(n, h, wide, a.reset[kept:], wide, 1, c.candidate.Data, h, gates[2*h:], three, true)
	for i := range n {
		update, candidate := gates[i*three:i*three+h], gates[i*three+2*h:(i+1)*three]
		memory, next := before[i*h:i*h+h], after[i*h:i*h+h]
		for j, u := range update {
			v := tanh(candidate[j])
			candidate[j] = v
			next[j] = u*memory[j] + (1-u)*v
		}
	}
}

func sigmoid[T gnn.Float](v T) T { return T(1 / (1 + math.Exp(-float64(v)))) }

// tanh is 2σ(2v) − 1: the exponential function is faster than [math.Tanh], and
// the difference is below the rounding of any sum with v.
func tanh[T gnn.Float](v T) T { return T(2/(1+math.Exp(-2*float64(v))) - 1) }
