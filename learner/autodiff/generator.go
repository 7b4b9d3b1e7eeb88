package autodiff

import (
	"fmt"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/deepscaler/deepscaler/estimator/gnn"
	"github.com/deepscaler/deepscaler/learner/generator"
)

// generatorOp is A_new = G(A) (Eq. 5–6), (A, π…) → A_new. Like the network it is one
// operation: composed of gorgonia's own, its gradient with respect to a diagonal
// and to row sums came out wrong.
type generatorOp struct {
	operation
	g     *generator.Generator[float32]
	value *tensor.Dense
}

// generatorGradient bundles the gradients of all parameters.
type generatorGradient struct {
	operation
	g     *generator.Generator[float32]
	sum   *generator.Parameters[float32]
	value *tensor.Dense
}

func newGenerator(g *generator.Generator[float32], affinity *gorgonia.Node, pi gorgonia.Nodes) (*gorgonia.Node, error) {
	n := g.Parameters.Services
	op := &generatorOp{g: g, value: tensor.New(tensor.WithShape(n, n), tensor.Of(tensor.Float32))}
	op.operation = operation{name: "generator", out: typeOf(tensor.Float32, 2), shape: tensor.Shape{n, n}}
	inputs := append(gorgonia.Nodes{affinity}, pi...)
	for _, in := range inputs {
		op.in = append(op.in, typeOf(tensor.Float32, in.Shape().Dims()))
	}
	return gorgonia.ApplyOp(op, inputs...)
}

// Do implements [gorgonia.Op]. The parameters are read where the nodes' values
// have them.
func (o *generatorOp) Do(in ...gorgonia.Value) (gorgonia.Value, error) {
	affinity, err := floats(in[0])
	if err != nil {
		return nil, err
	}
	out, err := floats(o.value)
	if err != nil {
		return nil, err
	}
	copy(out, o.g.Forward(affinity))
	return o.value, nil
}

// DiffWRT implements [gorgonia.SDOp].
func (o *generatorOp) DiffWRT(inputs int) []bool {
	wrt := make([]bool, inputs)
	for i := range wrt {
		wrt[i] = i > 0
	}
	return wrt
}

// SymDiff implements [gorgonia.SDOp].
func (o *generatorOp) SymDiff(inputs gorgonia.Nodes, output, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	size := 0
	for _, p := range o.g.Parameters.All() {
		size += len(p)
	}
	matrix := typeOf(tensor.Float32, 2)
	op := &generatorGradient{
		g: o.g, sum: generator.Zero[float32](o.g.Parameters.Services, o.g.Parameters.Embedding),
		value: tensor.New(tensor.WithShape(size), tensor.Of(tensor.Float32)),
	}
	op.operation = operation{name: "generator gradient", in: []hm.Type{matrix, matrix}, out: typeOf(tensor.Float32, 1), shape: tensor.Shape{size}}
	bundle, err := gorgonia.ApplyOp(op, output, grad)
	if err != nil {
		return nil, fmt.Errorf("gradient of the generator: %w", err)
	}
	gradients, offset := make(gorgonia.Nodes, len(inputs)), 0
	for i, in := range inputs[1:] {
		if gradients[i+1], err = gorgonia.ApplyOp(newView("gradient of "+in.Name(), offset, in.Shape().Clone()), bundle); err != nil {
			return nil, fmt.Errorf("gradient of %s: %w", in.Name(), err)
		}
		offset += in.Shape().TotalSize()
	}
	return gradients, nil
}

// Do implements [gorgonia.Op].
func (o *generatorGradient) Do(in ...gorgonia.Value) (gorgonia.Value, error) {
	danew, err := floats(in[1])
	if err != nil {
		return nil, err
	}
	flat, err := floats(o.value)
	if err != nil {
		return nil, err
	}
	for _, p := range o.sum.All() {
		clear(p)
	}
	o.g.Backward(danew, o.sum)
	for _, p := range o.sum.All() {
		flat = flat[copy(flat, p):]
	}
	return o.value, nil
}

// edgesOp is the cost of new edges, ReLU(C/N² − δ)/δ of Eq. 7, (A_new, A) → cost.
type edgesOp struct {
	operation
	delta, softness float32
	danew           []float32
	value           *gorgonia.F32
}

// edgesGradient scales the gradient that edgesOp made.
type edgesGradient struct {
	operation
	op    *edgesOp
	value *tensor.Dense
}

func newEdges(anew, affinity *gorgonia.Node, delta, softness float32) (*gorgonia.Node, error) {
	matrix := typeOf(tensor.Float32, 2)
	op := &edgesOp{delta: delta, softness: softness, danew: make([]float32, anew.Shape().TotalSize()), value: gorgonia.NewF32(0)}
	op.operation = operation{name: "new edges", in: []hm.Type{matrix, matrix}, out: tensor.Float32, shape: tensor.ScalarShape()}
	return gorgonia.ApplyOp(op, anew, affinity)
}

// Do implements [gorgonia.Op].
func (o *edgesOp) Do(in ...gorgonia.Value) (gorgonia.Value, error) {
	anew, err := floats(in[0])
	if err != nil {
		return nil, err
	}
	affinity, err := floats(in[1])
	if err != nil {
		return nil, err
	}
	*o.value = gorgonia.F32(generator.NewEdges(anew, affinity, o.danew, o.delta, o.softness))
	return o.value, nil
}

// DiffWRT implements [gorgonia.SDOp].
func (o *edgesOp) DiffWRT(int) []bool { return []bool{true, false} }

// SymDiff implements [gorgonia.SDOp].
func (o *edgesOp) SymDiff(inputs gorgonia.Nodes, output, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	shape := inputs[0].Shape().Clone()
	op := &edgesGradient{op: o, value: tensor.New(tensor.WithShape(shape...), tensor.Of(tensor.Float32))}
	op.operation = operation{name: "new edges gradient", in: []hm.Type{tensor.Float32, tensor.Float32}, out: typeOf(tensor.Float32, 2), shape: shape}
	d, err := gorgonia.ApplyOp(op, output, grad)
	return gorgonia.Nodes{d, nil}, err
}

// Do implements [gorgonia.Op].
func (o *edgesGradient) Do(in ...gorgonia.Value) (gorgonia.Value, error) {
	factor, ok := in[1].Data().(float32)
	if !ok {
		return nil, fmt.Errorf("gradient of the cost is a %T, want a float32", in[1].Data())
	}
	out, err := floats(o.value)
	if err != nil {
		return nil, err
	}
	for i, v := range o.op.danew {
		out[i] = factor * v
	}
	return o.value, nil
}

// GraphObjective says what graph learning minimises besides the loss of the
// predictions.
type GraphObjective struct {
	// NewEdges is δ of Eq. 7, in (0, 1): the share of the N² entries that may be
	// new before it costs.
	NewEdges float64
	// Softness is the weight at which an edge counts as a half, see
	// [generator.NewEdges].
	Softness float64
}

// Generator trains a graph generator with the network's parameters frozen
// (Algorithm 2, line 5).
type Generator struct {
	Batch
	// Affinity [N,N], A_old, is filled in before a step.
	Affinity []float32

	machine gorgonia.VM
	nodes   gorgonia.Nodes
	loss    gorgonia.Value
}

// NewGenerator compiles graph learning for a model. The parameters of gen change
// in place.
func NewGenerator(m gnn.Model[float32], gen *generator.Generator[float32], o Objective, graph GraphObjective) (p *Generator, err error) {
	defer recovered(&err)
	n := m.Config().Services
	g := gorgonia.NewGraph()
	in := newInputs(g, m, o)
	p = &Generator{Batch: in.Batch, Affinity: make([]float32, n*n)}
	affinity := node(g, "affinity", p.Affinity, n, n)
	for i, data := range gen.Parameters.All() {
		p.nodes = append(p.nodes, node(g, fmt.Sprintf("generator.%d", i), data, gen.Parameters.Shapes()[i]...))
	}
	anew, err := newGenerator(gen, affinity, p.nodes)
	if err != nil {
		return nil, fmt.Errorf("generator: %w", err)
	}
	loss, err := newLoss(m, o, in, anew, parameterNodes(g, m), false, true)
	if err != nil {
		return nil, fmt.Errorf("loss: %w", err)
	}
	cost, err := newEdges(anew, affinity, float32(graph.NewEdges), float32(graph.Softness))
	if err != nil {
		return nil, fmt.Errorf("cost of new edges: %w", err)
	}
	total, err := gorgonia.Add(loss, cost)
	if err != nil {
		return nil, fmt.Errorf("loss and cost: %w", err)
	}
	gorgonia.Read(total, &p.loss)
	if _, err := gorgonia.Grad(total, p.nodes...); err != nil {
		return nil, fmt.Errorf("differentiate the loss: %w", err)
	}
	p.machine = gorgonia.NewTapeMachine(g, gorgonia.BindDualValues(p.nodes...))
	return p, nil
}

// Step runs one batch, lets the solver change the generator, and returns the loss
// from before (Eq. 7).
func (p *Generator) Step(solver gorgonia.Solver) (loss float64, err error) {
	defer recovered(&err)
	if loss, err = run(p.machine, &p.loss); err != nil {
		return 0, err
	}
	if err := solver.Step(gorgonia.NodesToValueGrads(p.nodes)); err != nil {
		return 0, fmt.Errorf("solver: %w", err)
	}
	return loss, nil
}

// Close frees the machine.
func (p *Generator) Close() error { return p.machine.Close() }
