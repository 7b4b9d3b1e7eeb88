package autodiff

import (
	"fmt"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/deepscaler/deepscaler/estimator/gnn"
)

// Batch is the memory of one batch. Fill it before a step.
type Batch struct {
	// X are the windows [B,τ,N,C] and Y the labels [B,N,O], NaN where unknown.
	X, Y []float32
	// Censored marks the labels that are lower bounds.
	Censored []bool
}

// Policy trains the parameters θ of a model under a fixed affinity matrix
// (Algorithm 2, line 3).
type Policy struct {
	Batch
	// Affinity [N,N] is set before a step.
	Affinity []float32

	model   gnn.Model[float32]
	machine gorgonia.VM
	nodes   gorgonia.Nodes
	loss    gorgonia.Value
}

// NewPolicy compiles the training of a model. It shares the model's parameters.
func NewPolicy(m gnn.Model[float32], o Objective) (p *Policy, err error) {
	defer recovered(&err)
	g := gorgonia.NewGraph()
	in := newInputs(g, m, o)
	p = &Policy{Batch: in.Batch, Affinity: make([]float32, m.Config().Services*m.Config().Services), model: m}
	affinity := node(g, "affinity", p.Affinity, m.Config().Services, m.Config().Services)
	p.nodes = parameterNodes(g, m)
	loss, err := newLoss(m, o, in, affinity, p.nodes, true, false)
	if err != nil {
		return nil, fmt.Errorf("loss: %w", err)
	}
	gorgonia.Read(loss, &p.loss)
	if _, err := gorgonia.Grad(loss, p.nodes...); err != nil {
		return nil, fmt.Errorf("differentiate the loss: %w", err)
	}
	p.machine = gorgonia.NewTapeMachine(g, gorgonia.BindDualValues(p.nodes...))
	return p, nil
}

// Step runs one batch, lets the solver change the parameters, and returns the
// loss from before.
func (p *Policy) Step(solver gorgonia.Solver) (loss float64, err error) {
	defer recovered(&err)
	loss, err = run(p.machine, &p.loss)
	if err != nil {
		return 0, err
	}
	if err := solver.Step(gorgonia.NodesToValueGrads(p.nodes)); err != nil {
		return 0, fmt.Errorf("solver: %w", err)
	}
	p.model.Refresh()
	return loss, nil
}

// Close frees the machine.
func (p *Policy) Close() error { return p.machine.Close() }

// run runs a machine from the start and reads the loss.
func run(machine gorgonia.VM, value *gorgonia.Value) (float64, error) {
	machine.Reset()
	if err := machine.RunAll(); err != nil {
		return 0, fmt.Errorf("run the graph: %w", err)
	}
	loss, ok := (*value).Data().(float32)
	if !ok {
		return 0, fmt.Errorf("loss is a %T, want a float32", (*value).Data())
	}
	return float64(loss), nil
}

// inputs are a batch and its nodes, which share memory.
type inputs struct {
	Batch
	x, y *gorgonia.Node
}

func newInputs(g *gorgonia.ExprGraph, m gnn.Model[float32], o Objective) inputs {
	c := m.Config()
	x := make([]float32, o.Batch*c.Window*c.Services*c.Features)
	y := make([]float32, o.Batch*c.Services*c.Outputs)
	return inputs{
		Batch: Batch{X: x, Y: y, Censored: make([]bool, len(y))},
		x:     node(g, "x", x, o.Batch, c.Window, c.Services, c.Features),
		y:     node(g, "y", y, o.Batch, c.Services, c.Outputs),
	}
}

// parameterNodes makes nodes that share the memory of the model's parameters.
func parameterNodes(g *gorgonia.ExprGraph, m gnn.Model[float32]) gorgonia.Nodes {
	var nodes gorgonia.Nodes
	for _, p := range m.Parameters() {
		nodes = append(nodes, node(g, p.Name, p.Data, p.Shape...))
	}
	return nodes
}

// node returns an input that reads data whenever the graph runs.
func node(g *gorgonia.ExprGraph, name string, data []float32, shape ...int) *gorgonia.Node {
	value := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data))
	return gorgonia.NewTensor(g, tensor.Float32, len(shape), gorgonia.WithShape(shape...), gorgonia.WithName(name), gorgonia.WithValue(value))
}
