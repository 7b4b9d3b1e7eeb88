package model

import (
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
)

// move writes the movement of every service of the model in a window to c: 1 where the
// window does not show requests.
func (e *Estimator) move(c *call, w *estimator.Window) {
	channel := w.Channel(estimator.Requests)
	for row, n := range c.rows {
		if c.moved[row] = 1; channel < 0 || n == absent {
			continue
		}
		c.rates = c.rates[:0]
		for t := range w.Steps {
			c.rates = append(c.rates, w.At(n, t, channel))
		}
		c.moved[row] = demand.Movement(c.rates, len(e.columns), w.Step)
	}
}
