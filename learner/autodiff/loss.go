package autodiff

import (
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/deepscaler/deepscaler/estimator/gnn"
)

// Objective defines the loss of a batch.
type Objective struct {
	// Batch is the number of samples of one step.
	Batch int
	// Quantiles of the pinball loss, in (0, 1), that outputs take in turn; 0.5 is the
	// L1 loss of Eq. 4.
	Quantiles []float32
	// Weights, unless nil, holds a factor per service.
	Weights []float32
	// Workers is the number of goroutines that share a batch. Gradients do not depend on
	// it.
	Workers int
}

// lossOp is a network and its mean pinball loss over a batch, (x, y, A, θ…) → L.
// It computes the gradients at once: each sample goes forward and back before
// the next one, in the memory of one sample.
type lossOp struct {
	operation
	model              gnn.Model[float32]
	objective          Objective
	censored           []bool // of the batch
	parameters, graph  bool   // the inputs to differentiate
	shares             []*share
	basis, dbasis      []float32
	value              *gorgonia.F32
	sampleIn, sampleOt int
}

// mostShares is the number of parts that a batch is split into. Their gradients are summed
// in order, so that results are the same on any number of processors.
const mostShares = 8

// share is the private state of one part of a batch.
type share struct {
	pass   gnn.Pass[float32]
	y, dy  []float32
	dbasis []float32
	loss   float64
}

// newLoss adds the loss of a model on a batch to the graph of the batch, affinity
// [N,N] and the nodes of the model's parameters. Either the parameters
// or the affinity matrix are differentiated, or neither.
func newLoss(m gnn.Model[float32], o Objective, in inputs, affinity *gorgonia.Node, parameters gorgonia.Nodes, differentiateParameters, differentiateGraph bool) (*gorgonia.Node, error) {
	c := m.Config()
	op := &lossOp{
		model: m, objective: o, censored: in.Censored, parameters: differentiateParameters, graph: differentiateGraph,
		basis:    make([]float32, m.BasisSize()),
		value:    gorgonia.NewF32(0),
		sampleIn: c.Window * c.Services * c.Features,
		sampleOt: c.Services * c.Outputs,
	}
	inputs := append(gorgonia.Nodes{in.x, in.y, affinity}, parameters...)
	op.operation = operation{name: "loss", in: make([]hm.Type, len(inputs)), out: tensor.Float32, shape: tensor.ScalarShape()}
	for i, n := range inputs {
		op.in[i] = typeOf(tensor.Float32, n.Shape().Dims())
	}
	if op.graph {
		op.dbasis = make([]float32, len(op.basis))
	}
	for range min(mostShares, o.Batch) {
		w := &share{y: make([]float32, op.sampleOt), dy: make([]float32, op.sampleOt)}
		if op.parameters || op.graph {
			w.pass = m.Training(op.parameters)
		} else {
			w.pass = m.Inference()
		}
		if op.graph {
			w.dbasis = make([]float32, len(op.basis))
		}
		op.shares = append(op.shares, w)
	}
	return gorgonia.ApplyOp(op, inputs...)
}

// Do implements [gorgonia.Op].
func (o *lossOp) Do(in ...gorgonia.Value) (gorgonia.Value, error) {
	var data [3][]float32
	for i := range data {
		var err error
		if data[i], err = floats(in[i]); err != nil {
			return nil, err
		}
	}
	x, y, affinity := data[0], data[1], data[2]
	known := 0
	for _, v := range y {
		if v == v {
			known++
		}
	}
	if known == 0 {
		return nil, errors.New("no label of the batch is known")
	}
	o.model.Basis(o.basis, affinity)
	scale := 1 / float32(known)
	var wait sync.WaitGroup
	for first := range o.objective.Workers {
		wait.Go(func() {
			for i := first; i < len(o.shares); i += o.objective.Workers {
				from, until := i*o.objective.Batch/len(o.shares), (i+1)*o.objective.Batch/len(o.shares)
				o.run(o.shares[i], x, y, from, until, scale)
			}
		})
	}
	wait.Wait()

	loss := 0.0
	clear(o.dbasis)
	for _, w := range o.shares {
		loss += w.loss
		for i, v := range w.dbasis {
			o.dbasis[i] += v
		}
	}
	loss *= float64(scale)
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return nil, fmt.Errorf("the loss is %v", loss)
	}
	*o.value = gorgonia.F32(loss)
	return o.value, nil
}

func (o *lossOp) run(w *share, x, y []float32, from, until int, scale float32) {
	w.loss = 0
	clear(w.dbasis)
	for _, g := range w.pass.Gradients() {
		clear(g)
	}
	for i := from; i < until; i++ {
		labels := y[i*o.sampleOt : (i+1)*o.sampleOt]
		if allUnknown(labels) {
			continue // a short batch is filled up with these
		}
		w.pass.Forward(x[i*o.sampleIn:(i+1)*o.sampleIn], o.basis, w.y)
		censored := o.censored[i*o.sampleOt : (i+1)*o.sampleOt]
		w.loss += gnn.Pinball(w.y, labels, censored, w.dy, o.objective.Weights, o.objective.Quantiles, scale)
		if o.parameters || o.graph {
			w.pass.Backward(w.dy, o.basis, w.dbasis)
		}
	}
}

func allUnknown(labels []float32) bool {
	for _, v := range labels {
		if v == v {
			return false
		}
	}
	return true
}

// DiffWRT implements [gorgonia.SDOp].
func (o *lossOp) DiffWRT(inputs int) []bool {
	wrt := make([]bool, inputs)
	for i := range wrt {
		wrt[i] = i == 2 && o.graph || i > 2 && o.parameters
	}
	return wrt
}

// SymDiff implements [gorgonia.SDOp]: one operation bundles all gradients, with
// a view per input.
func (o *lossOp) SymDiff(inputs gorgonia.Nodes, output, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	size := 0
	for i, need := range o.DiffWRT(len(inputs)) {
		if need {
			size += inputs[i].Shape().TotalSize()
		}
	}
	g := &gradientOp{loss: o, value: tensor.New(tensor.WithShape(size), tensor.Of(tensor.Float32))}
	g.operation = operation{
		name: "loss gradient", shape: tensor.Shape{size}, out: typeOf(tensor.Float32, 1),
		in: []hm.Type{tensor.Float32, typeOf(tensor.Float32, 2), tensor.Float32},
	}
	// The loss is an input so that it runs first, and A because its gradient needs
	// it.
	bundle, err := gorgonia.ApplyOp(g, output, inputs[2], grad)
	if err != nil {
		return nil, fmt.Errorf("gradient of the loss: %w", err)
	}
	gradients, offset := make(gorgonia.Nodes, len(inputs)), 0
	for i, need := range o.DiffWRT(len(inputs)) {
		if !need {
			continue
		}
		shape := inputs[i].Shape().Clone()
		if gradients[i], err = gorgonia.ApplyOp(newView("gradient of "+inputs[i].Name(), offset, shape), bundle); err != nil {
			return nil, fmt.Errorf("gradient of %s: %w", inputs[i].Name(), err)
		}
		offset += shape.TotalSize()
	}
	return gradients, nil
}

// gradientOp collects the gradients that a lossOp left with the parts of the batch.
type gradientOp struct {
	operation
	loss  *lossOp
	value *tensor.Dense
}

// Do implements [gorgonia.Op].
func (g *gradientOp) Do(in ...gorgonia.Value) (gorgonia.Value, error) {
	flat, err := floats(g.value)
	if err != nil {
		return nil, err
	}
	affinity, err := floats(in[1])
	if err != nil {
		return nil, err
	}
	factor, ok := in[2].Data().(float32)
	if !ok {
		return nil, fmt.Errorf("gradient of the loss is a %T, want a float32", in[2].Data())
	}
	if g.loss.graph {
		part := flat[:len(affinity)]
		g.loss.model.BasisBackward(part, g.loss.dbasis, affinity)
		for i := range part {
			part[i] *= factor
		}
		flat = flat[len(affinity):]
	}
	if !g.loss.parameters {
		return g.value, nil
	}
	for i := range g.loss.model.Parameters() {
		for k, w := range g.loss.shares {
			sum := w.pass.Gradients()[i]
			part := flat[:len(sum)]
			if k == 0 {
				clear(part)
			}
			for j, v := range sum {
				part[j] += factor * v
			}
		}
		flat = flat[len(g.loss.shares[0].pass.Gradients()[i]):]
	}
	return g.value, nil
}
