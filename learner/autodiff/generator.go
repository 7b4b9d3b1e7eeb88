package autodiff

import (
	"errors"
	"fmt"
	"slices"

	"gorgonia.org/gorgonia"

	"github.com/deepscaler/deepscaler/estimator/gnn"
	"github.com/deepscaler/deepscaler/learner/generator"
)

// Generator trains a graph generator with the network's parameters frozen
// (Algorithm 2, line 5).
type Generator struct {
	Batch
	// Affinity [N,N], A_old, is set before a step.
	Affinity []float32

	training, forward gorgonia.VM
	nodes             gorgonia.Nodes
	loss, anew        gorgonia.Value
}

// NewGenerator compiles graph learning for a model. The parameters pi change in
// place.
func NewGenerator(m gnn.Model[float32], pi *generator.Parameters[float32], o Objective, s generator.Settings) (p *Generator, err error) {
	defer recovered(&err)
	n := m.Config().Services
	g := gorgonia.NewGraph()
	in := newInputs(g, m, o)
	p = &Generator{Batch: in.Batch, Affinity: make([]float32, n*n)}
	e, err := generator.Express(g, pi, p.Affinity, s)
	if err != nil {
		return nil, err
	}
	p.nodes = e.Parameters
	loss, err := newLoss(m, o, in, e.New, parameterNodes(g, m), false, true)
	if err != nil {
		return nil, fmt.Errorf("loss: %w", err)
	}
	total, err := gorgonia.Add(loss, e.Cost)
	if err != nil {
		return nil, fmt.Errorf("loss and cost: %w", err)
	}
	gorgonia.Read(total, &p.loss)
	if _, err := gorgonia.Grad(total, p.nodes...); err != nil {
		return nil, fmt.Errorf("differentiate the loss: %w", err)
	}
	p.training = gorgonia.NewTapeMachine(g, gorgonia.BindDualValues(p.nodes...))

	g = gorgonia.NewGraph()
	if e, err = generator.Express(g, pi, p.Affinity, s); err != nil {
		return nil, err
	}
	gorgonia.Read(e.New, &p.anew)
	p.forward = gorgonia.NewTapeMachine(g)
	return p, nil
}

// Step runs one batch, lets the solver change the generator, and returns the loss
// from before (Eq. 7).
func (p *Generator) Step(solver gorgonia.Solver) (loss float64, err error) {
	defer recovered(&err)
	if loss, err = run(p.training, &p.loss); err != nil {
		return 0, err
	}
	if err := solver.Step(gorgonia.NodesToValueGrads(p.nodes)); err != nil {
		return 0, fmt.Errorf("solver: %w", err)
	}
	return loss, nil
}

// New returns A_new, N×N, of the generator in its present state.
func (p *Generator) New() (anew []float32, err error) {
	defer recovered(&err)
	p.forward.Reset()
	if err := p.forward.RunAll(); err != nil {
		return nil, fmt.Errorf("generate a graph: %w", err)
	}
	if anew, err = floats(p.anew); err != nil {
		return nil, err
	}
	return slices.Clone(anew), nil
}

// Close frees the machines.
func (p *Generator) Close() error { return errors.Join(p.training.Close(), p.forward.Close()) }
