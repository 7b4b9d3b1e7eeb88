package baseline

import (
	"slices"

	"github.com/deepscaler/deepscaler/estimator/gnn"
)

// pass is the [gnn.Pass] of both networks.
type pass[T gnn.Float] struct {
	network *network[T]
	encoder []*tape[T]
	decoder []*tape[T] // empty in T-GCN
	fed     []T        // inputs of the decoder, (O+1)·N: zeros, then its outputs

	// For training only.
	scratch   *scratch[T]
	dfed      []T // gradient of the decoder's outputs, O·N
	gradients [][]T
}

// Inference implements [gnn.Model].
func (n *network[T]) Inference() gnn.Pass[T] { return n.newPass() }

func (n *network[T]) newPass() *pass[T] {
	p := &pass[T]{network: n, encoder: tapes(n.encoder, n.config.Window)}
	if len(n.decoder) > 0 {
		p.decoder = tapes(n.decoder, n.config.Outputs)
		p.fed = make([]T, (n.config.Outputs+1)*n.config.Services)
		p.decoder[0].x = p.fed
	}
	return p
}

// tapes returns a tape for every layer; the hidden states of one are the input
// of the next.
func tapes[T gnn.Float](cells []*cell[T], steps int) []*tape[T] {
	var all []*tape[T]
	for i, c := range cells {
		a := newTape(c, steps)
		if i > 0 {
			a.x = all[i-1].states[a.size:]
		}
		all = append(all, a)
	}
	return all
}

// Training implements [gnn.Model].
func (n *network[T]) Training(parameters bool) gnn.Pass[T] {
	p := n.newPass()
	p.scratch = newScratch(max(n.config.Window, n.config.Outputs), slices.Concat(n.encoder, n.decoder)...)
	for i, c := range n.encoder {
		// The gradient of the telemetry is not needed.
		p.encoder[i].record(c, n.config.Window, i > 0)
	}
	if len(n.decoder) > 0 {
		p.dfed = make([]T, n.config.Outputs*n.config.Services)
	}
	for i, c := range n.decoder {
		p.decoder[i].record(c, n.config.Outputs, true)
	}
	if parameters {
		for _, param := range n.params {
			p.gradients = append(p.gradients, make([]T, len(param.Data)))
		}
	}
	return p
}

// Gradients implements [gnn.Pass].
func (p *pass[T]) Gradients() [][]T { return p.gradients }

// Forward implements [gnn.Pass].
func (p *pass[T]) Forward(x, basis, y []T) {
	n := p.network
	p.encoder[0].x = x
	for i, c := range n.encoder {
		a := p.encoder[i]
		c.project(a, 0, n.config.Window, basis)
		for t := range n.config.Window {
			c.step(a, t, basis)
		}
	}
	if len(n.decoder) > 0 {
		p.decode(basis, y)
		return
	}
	n.head.forward(p.last().state(n.config.Window), y[:n.config.Services*n.config.Outputs])
}

// last returns the tape of the encoder's last layer.
func (p *pass[T]) last() *tape[T] { return p.encoder[len(p.encoder)-1] }

// decode unrolls the decoder from the last state of the encoder.
func (p *pass[T]) decode(basis, y []T) {
	n, services, outputs := p.network, p.network.config.Services, p.network.config.Outputs
	for i, a := range p.decoder {
		copy(a.state(0), p.encoder[i].state(n.config.Window))
	}
	top := p.decoder[len(p.decoder)-1]
	for t := range outputs {
		for i, c := range n.decoder {
			c.project(p.decoder[i], t, 1, basis)
			c.step(p.decoder[i], t, basis)
		}
		out := p.fed[(t+1)*services : (t+2)*services]
		n.head.forward(top.state(t+1), out)
		for i, v := range out {
			y[i*outputs+t] = v
		}
	}
}

// Backward implements [gnn.Pass].
func (p *pass[T]) Backward(dy, basis, dbasis []T) {
	n := p.network
	for _, a := range p.encoder {
		clear(a.dstate)
	}
	if len(n.decoder) > 0 {
		p.decodeBackward(dy, basis, dbasis)
	} else {
		n.head.backward(dy, p.last().dstate)
		if p.gradients != nil {
			n.head.parametersBackward(p.last().state(n.config.Window), dy, p.ofHead())
		}
	}
	var above []T // gradient of the hidden states, from the layer that they enter
	for i, c := range slices.Backward(n.encoder) {
		a := p.encoder[i]
		for t := n.config.Window - 1; t >= 0; t-- {
			if above != nil {
				add(a.dstate, above[t*a.size:])
			}
			c.stepBackward(a, p.scratch, t, basis, dbasis)
		}
		c.projectBackward(a, p.scratch, 0, n.config.Window, basis, dbasis)
		if p.gradients != nil {
			c.parametersBackward(a, p.gradients[i*cellParameters:])
		}
		above = a.dx
	}
}

// decodeBackward stores the gradient of the encoder's last states in its tapes.
func (p *pass[T]) decodeBackward(dy, basis, dbasis []T) {
	n, services, outputs := p.network, p.network.config.Services, p.network.config.Outputs
	for _, a := range p.decoder {
		clear(a.dstate)
	}
	bottom, top := p.decoder[0], p.decoder[len(p.decoder)-1]
	for t := outputs - 1; t >= 0; t-- {
		dout := p.dfed[t*services : (t+1)*services]
		for i := range dout {
			dout[i] = dy[i*outputs+t]
		}
		if t+1 < outputs {
			add(dout, bottom.dx[(t+1)*services:])
		}
		n.head.backward(dout, top.dstate)
		for i, c := range slices.Backward(n.decoder) {
			a := p.decoder[i]
			c.stepBackward(a, p.scratch, t, basis, dbasis)
			c.projectBackward(a, p.scratch, t, 1, basis, dbasis)
			if i > 0 {
				add(p.decoder[i-1].dstate, a.dx[t*a.size:])
			}
		}
	}
	for i, a := range p.decoder {
		copy(p.encoder[i].dstate, a.dstate)
		if p.gradients != nil {
			n.decoder[i].parametersBackward(a, p.gradients[(len(n.encoder)+i)*cellParameters:])
		}
	}
	if p.gradients != nil {
		n.head.parametersBackward(top.states[top.size:], p.dfed, p.ofHead())
	}
}

// ofHead returns the gradients of the head's parameters.
func (p *pass[T]) ofHead() [][]T { return p.gradients[len(p.gradients)-2:] }
