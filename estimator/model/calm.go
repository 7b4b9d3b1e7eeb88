package model

import (
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
)

// move writes the movement of every service of the model in a window to c, as far as no season
// expects it: 1 where the window does not show requests.
func (e *Estimator) move(c *call, w *estimator.Window) {
	channel, vouched := w.Channel(estimator.Requests), w.Channel(estimator.Vouched)
	for row, n := range c.rows {
		if c.moved[row] = 1; channel < 0 || n == absent {
			continue
		}
		c.rates = c.rates[:0]
		for t := range w.Steps {
			c.rates = append(c.rates, w.At(n, t, channel))
		}
		c.moved[row] = demand.Movement(c.rates, len(e.columns), w.Step)
		if vouched >= 0 {
			if share := w.At(n, w.Steps-1, vouched); share > 0 {
				c.moved[row] *= 1 - share
			}
		}
	}
}
