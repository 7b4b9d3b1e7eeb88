package generator

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Settings are the constants of graph learning.
type Settings struct {
	// Threshold is ε of Eq. 6, in (0, 1).
	Threshold float64
	// NewEdges is δ of Eq. 7, in (0, 1): the share of the N² entries that may be
	// new at no cost.
	NewEdges float64
	// Softness is the weight at which an edge counts as half of one, see
	// [Expression.Cost].
	Softness float64
}

// Expression is a generator in gorgonia's operations. It shares the memory of its
// parameters and of A.
type Expression struct {
	// Parameters are the nodes of π, in the order of [Parameters.All].
	Parameters gorgonia.Nodes
	// New is A_new, N×N (Eq. 5–6):
	//
	//	Norm(S⊙A₁ + (1−S)⊙A),  S = σ(h([A₁, A]))
	New *gorgonia.Node
	// Cost is ReLU(C/N² − δ)/δ of Eq. 7, a scalar.
	//
	// C counts the entries of A_new that A lacks (Eq. 8). That is a step function
	// whose gradient is zero, so an entry of weight w counts w/(w+softness) instead
	// of 1: nearly a count for weights well above softness, and with a slope for
	// those below.
	Cost *gorgonia.Node

	proposal, gate, mixed *gorgonia.Node // A₁, S and the argument of Norm
}

// Express adds the generator to a graph; affinity is A, N×N, and N at least 2.
func Express[T Float](g *gorgonia.ExprGraph, p *Parameters[T], affinity []T, s Settings) (e *Expression, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("express the generator: %v", r)
		}
	}()
	e = &Expression{}
	for i, data := range p.All() {
		e.Parameters = append(e.Parameters, node(g, fmt.Sprintf("generator.%d", i), data, p.Shapes()[i]...))
	}
	b := builder[T]{g, p.Services}
	old := node(g, "affinity", affinity, len(affinity), 1)
	e.proposal = b.propose(e.Parameters)
	e.gate = b.gate(e.proposal, old, e.Parameters)
	e.mixed = b.square(add(old, hadamard(e.gate, sub(e.proposal, old))))
	e.New = b.sparse(e.mixed, s.Threshold)
	e.Cost = b.newEdges(e.New, old, s.NewEdges, s.Softness)
	return e, nil
}

// builder adds expressions of N×N matrices to a graph. Expressions with one number per
// entry are N²×1 matrices, because gorgonia may compute in the memory of an operand:
// if that is a view of a value that a gradient needs, as with σ, the gradient is
// wrong. Broadcasts are products with ones, and roots are inverted in two steps,
// because gorgonia v0.9.18 differentiates BroadcastAdd and InverseSqrt wrongly.
type builder[T Float] struct {
	graph    *gorgonia.ExprGraph
	services int
}

// propose is A₁ = ReLU(M₁M₂ᵀ − M₂M₁ᵀ + Diag(Λ)), N²×1.
func (b builder[T]) propose(pi gorgonia.Nodes) *gorgonia.Node {
	n := b.services
	m1, m2, lambda := pi[0], pi[1], pi[2]
	outer := mul(m1, transpose(m2))
	identity := make([]T, n*n)
	for i := range n {
		identity[i*n+i] = 1
	}
	loops := hadamard(mul(reshape(lambda, n, 1), b.constant(1, 1, n)), node(b.graph, "identity", identity, n, n))
	return reshape(relu(add(sub(outer, transpose(outer)), loops)), n*n, 1)
}

// gate is S, N²×1: both convolutions of h are 1×1, so each is a product.
func (b builder[T]) gate(proposal, old *gorgonia.Node, pi gorgonia.Nodes) *gorgonia.Node {
	weight0, bias0, weight1, bias1 := pi[3], pi[4], pi[5], pi[6]
	ones := b.constant(1, b.services*b.services, 1)
	both := must(gorgonia.Concat(1, proposal, old))
	channels := relu(add(mul(both, transpose(weight0)), mul(ones, reshape(bias0, 1, hidden))))
	return must(gorgonia.Sigmoid(add(mul(channels, reshape(weight1, hidden, 1)), mul(ones, reshape(bias1, 1, 1)))))
}

// sparse is Norm of Eq. 6, what [graph.Sparse] computes.
func (b builder[T]) sparse(a *gorgonia.Node, threshold float64) *gorgonia.Node {
	return b.normalise(relu(sub(b.normalise(a), b.constant(threshold, b.services, b.services))))
}

// normalise is D^-½·A·D^-½ with D the row sums; rows and columns of empty rows are 0.
func (b builder[T]) normalise(a *gorgonia.Node) *gorgonia.Node {
	zeros := b.constant(0, b.services, 1)
	sums := mul(a, b.constant(1, b.services, 1))
	isEmpty, isNot := must(gorgonia.Lte(sums, zeros, true)), must(gorgonia.Gt(sums, zeros, true))
	scale := hadamard(isNot, inverse(must(gorgonia.Sqrt(add(sums, isEmpty)))))
	// The gradient of scale·scaleᵀ would add up in an order that depends on where scale is.
	rows := mul(scale, b.constant(1, 1, b.services))
	return hadamard(a, hadamard(rows, transpose(rows)))
}

// newEdges is [Expression.Cost].
func (b builder[T]) newEdges(anew, old *gorgonia.Node, delta, softness float64) *gorgonia.Node {
	n := b.services
	missing := b.square(must(gorgonia.Lte(old, b.constant(0, n*n, 1), true)))
	counts := hadamard(hadamard(anew, inverse(add(anew, b.constant(softness, n, n)))), missing)
	share := must(gorgonia.Mul(must(gorgonia.Sum(counts)), gorgonia.NewConstant(T(1/(delta*float64(n*n))))))
	return relu(sub(share, gorgonia.NewConstant(T(1))))
}

func (b builder[T]) square(a *gorgonia.Node) *gorgonia.Node {
	return reshape(a, b.services, b.services)
}

func (b builder[T]) constant(v float64, shape ...int) *gorgonia.Node {
	size := tensor.Shape(shape).TotalSize()
	// The order in which gonum adds up depends on how its operands are aligned. Whole
	// lines are always aligned alike.
	const line = 16
	data := make([]T, (size+line-1)/line*line)[:size]
	for i := range data {
		data[i] = T(v)
	}
	return node(b.graph, fmt.Sprintf("%v everywhere in %v", v, shape), data, shape...)
}

// node is an input that reads data whenever the graph runs.
func node[T Float](g *gorgonia.ExprGraph, name string, data []T, shape ...int) *gorgonia.Node {
	value := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
	return gorgonia.NewTensor(g, value.Dtype(), len(shape), gorgonia.WithShape(shape...), gorgonia.WithName(name), gorgonia.WithValue(value))
}

// must is for operations on known shapes; [Express] recovers.
func must(n *gorgonia.Node, err error) *gorgonia.Node {
	if err != nil {
		panic(err)
	}
	return n
}

func mul(a, b *gorgonia.Node) *gorgonia.Node                { return must(gorgonia.Mul(a, b)) }
func hadamard(a, b *gorgonia.Node) *gorgonia.Node           { return must(gorgonia.HadamardProd(a, b)) }
func add(a, b *gorgonia.Node) *gorgonia.Node                { return must(gorgonia.Add(a, b)) }
func sub(a, b *gorgonia.Node) *gorgonia.Node                { return must(gorgonia.Sub(a, b)) }
func relu(a *gorgonia.Node) *gorgonia.Node                  { return must(gorgonia.Rectify(a)) }
func inverse(a *gorgonia.Node) *gorgonia.Node               { return must(gorgonia.Inverse(a)) }
func transpose(a *gorgonia.Node) *gorgonia.Node             { return must(gorgonia.Transpose(a)) }
func reshape(a *gorgonia.Node, shape ...int) *gorgonia.Node { return must(gorgonia.Reshape(a, shape)) }
