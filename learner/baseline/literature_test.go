package baseline

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator/gnn"
)

// rows is a matrix, for equations written down as the papers have them.
type rows [][]float64

func matrix(v []float64, height, width int) rows {
	m := make(rows, height)
	for i := range m {
		m[i] = v[i*width : (i+1)*width]
	}
	return m
}

func zeros(height, width int) rows { return matrix(make([]float64, height*width), height, width) }

func (a rows) times(b rows) rows {
	out := zeros(len(a), len(b[0]))
	for i := range out {
		for j := range out[i] {
			for k := range b {
				out[i][j] += a[i][k] * b[k][j]
			}
		}
	}
	return out
}

func (a rows) transposed() rows {
	out := zeros(len(a[0]), len(a))
	for i := range out {
		for j := range out[i] {
			out[i][j] = a[j][i]
		}
	}
	return out
}

func (a rows) walk() rows {
	out := zeros(len(a), len(a))
	for i, row := range a {
		sum := 0.0
		for _, v := range row {
			sum += v
		}
		for j, v := range row {
			out[i][j] = v / sum
		}
	}
	return out
}

// supportsOf are the matrices of T-GCN (Â) and of DCRNN (I, P, P², Pᵣ, Pᵣ²).
func supportsOf(kind string, a rows) []rows {
	if kind == "T-GCN" {
		return []rows{a}
	}
	identity := zeros(len(a), len(a))
	for i := range identity {
		identity[i][i] = 1
	}
	p, r := a.walk(), a.transposed().walk()
	return []rows{identity, p, p.times(p), r, r.times(r)}
}

// literal is a network by the equations of its paper, one matrix after another.
type literal struct {
	kind     string
	config   gnn.Config
	supports []rows
	params   []*gnn.Parameter[float64]
}

// layer is h' of a cell, whose parameters start at params[first].
func (l *literal) layer(first int, x, h rows) rows {
	size := l.config.Hidden
	weights := func(p *gnn.Parameter[float64], s int) rows {
		one := p.Shape[1] * p.Shape[2]
		return matrix(p.Data[s*one:(s+1)*one], p.Shape[1], p.Shape[2])
	}
	sum := func(into rows, at, from, to int, v rows) {
		for i := range into {
			for j := from; j < to; j++ {
				into[i][at+j-from] += v[i][j]
			}
		}
	}
	in, gates, candidate, bias := l.params[first], l.params[first+1], l.params[first+2], l.params[first+3]
	act := zeros(len(h), 3*size)
	for i := range act {
		copy(act[i], bias.Data)
	}
	for s, m := range l.supports {
		sum(act, 0, 0, 3*size, m.times(x).times(weights(in, s)))
		sum(act, 0, 0, 2*size, m.times(h).times(weights(gates, s)))
	}
	reset := zeros(len(h), size)
	for i := range h {
		for j := range h[i] {
			act[i][j] = 1 / (1 + math.Exp(-act[i][j]))
			act[i][size+j] = 1 / (1 + math.Exp(-act[i][size+j]))
			reset[i][j] = act[i][size+j] * h[i][j]
		}
	}
	for s, m := range l.supports {
		sum(act, 2*size, 0, size, m.times(reset).times(weights(candidate, s)))
	}
	next := zeros(len(h), size)
	for i := range h {
		for j := range h[i] {
			u := act[i][j]
			next[i][j] = u*h[i][j] + (1-u)*math.Tanh(act[i][2*size+j])
		}
	}
	return next
}

// step takes the states of all layers one step further and returns the last one.
func (l *literal) step(first int, x rows, states []rows) rows {
	for i := range states {
		states[i] = l.layer(first+cellParameters*i, x, states[i])
		x = states[i]
	}
	return x
}

func (l *literal) predict(input []float64) []float64 {
	c := l.config
	states := make([]rows, c.Blocks)
	for i := range states {
		states[i] = zeros(c.Services, c.Hidden)
	}
	var last rows
	for t := range c.Window {
		last = l.step(0, matrix(input[t*c.Services*c.Features:], c.Services, c.Features), states)
	}
	weight, bias := l.params[len(l.params)-2], l.params[len(l.params)-1]
	head := func(h rows) rows {
		out := h.times(matrix(weight.Data, c.Hidden, weight.Shape[1]))
		for i := range out {
			for j := range out[i] {
				out[i][j] += bias.Data[j]
			}
		}
		return out
	}
	y := make([]float64, c.Services*c.Outputs)
	if l.kind == "T-GCN" {
		for i, row := range head(last) {
			copy(y[i*c.Outputs:], row)
		}
		return y
	}
	fed := zeros(c.Services, 1)
	for t := range c.Outputs {
		fed = head(l.step(cellParameters*c.Blocks, fed, states))
		for i := range fed {
			y[i*c.Outputs+t] = fed[i][0]
		}
	}
	return y
}

// TestEquations compares the networks with the equations of their papers.
func TestEquations(t *testing.T) {
	for name, c := range map[string]gnn.Config{
		"one layer, one output": {Services: 5, Window: 4, Features: 3, Outputs: 1, Hidden: 6, Kernel: 3, Blocks: 1},
		"two layers":            small(),
		"one service":           {Services: 1, Window: 2, Features: 1, Outputs: 4, Hidden: 2, Kernel: 1, Blocks: 3},
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, k kind) {
				p := newProblem(t, k, c)
				l := &literal{
					kind: k.name, config: c, params: p.model.Parameters(),
					supports: supportsOf(k.name, matrix(p.affinity, c.Services, c.Services)),
				}
				if diff := cmp.Diff(l.predict(p.x), p.predict(), cmpopts.EquateApprox(1e-12, 1e-12)); diff != "" {
					t.Errorf("outputs (-equations +got):\n%s", diff)
				}
			})
		})
	}
}
