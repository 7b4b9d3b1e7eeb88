package em

import (
	"github.com/deepscaler/deepscaler/estimator/gnn"
)

// average is an exponential moving average of a model's parameters over training
// steps. It predicts better than the parameters of a single step, which contain
// the noise of the last batches.
type average struct {
	model  gnn.Model[float32]
	values [][]float32
	// rate is the weight of the newest step.
	rate float32
}

// newAverage averages over about the given number of steps.
func newAverage(m gnn.Model[float32], steps int) *average {
	a := &average{model: m, rate: 1 / float32(max(1, steps))}
	for _, p := range m.Parameters() {
		a.values = append(a.values, append([]float32(nil), p.Data...))
	}
	return a
}

// add includes the parameters after a step.
func (a *average) add() {
	for i, p := range a.model.Parameters() {
		values := a.values[i]
		for j, v := range p.Data {
			values[j] += a.rate * (v - values[j])
		}
	}
}

// swap exchanges the model's parameters and their average.
func (a *average) swap() {
	for i, p := range a.model.Parameters() {
		values := a.values[i]
		for j, v := range p.Data {
			p.Data[j], values[j] = values[j], v
		}
	}
	a.model.Refresh()
}
