package model

import (
	"math"
	"slices"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
)

// move writes the movement of every service of the model in a window to c: the larger of its own
// and those of its sources in the affinity matrix, which announce what is to come. It counts as far as no
// season expects it. Where the window does not show requests of a service, its own is 1, and announces nothing.
func (e *Estimator) move(c *call, w *estimator.Window) {
	for row, n := range c.rows {
		c.own[row] = e.movement(c, w, n) * surprise(w, n)
	}
	for row, n := range c.rows {
		unexpected := surprise(w, n)
		if c.moved[row] = c.own[row]; math.IsNaN(c.own[row]) {
			c.moved[row] = unexpected
			continue
		}
		for _, source := range e.sources[row] {
			if announced := c.own[source] * unexpected; announced > c.moved[row] { // not NaN
				c.moved[row] = announced
			}
		}
	}
}

// movement returns that of a service of the window, NaN where no requests of it are shown.
func (e *Estimator) movement(c *call, w *estimator.Window, n int) float64 {
	channel := w.Channel(estimator.Requests)
	if channel < 0 || n == absent {
		return math.NaN()
	}
	c.rates = c.rates[:0]
	for t := range w.Steps {
		c.rates = append(c.rates, w.At(n, t, channel))
	}
	if !slices.ContainsFunc(c.rates, func(v float64) bool { return !math.IsNaN(v) }) {
		return math.NaN()
	}
	return demand.Movement(c.rates, len(e.columns), w.Step)
}

// surprise returns the share of the load of a service of the window that no season expects.
func surprise(w *estimator.Window, n int) float64 {
	if vouched := w.Channel(estimator.Vouched); vouched >= 0 && n != absent {
		if share := w.At(n, w.Steps-1, vouched); share > 0 {
			return 1 - share
		}
	}
	return 1
}

// slight is the share of the largest weight to a service up to which an edge announces nothing:
// training erased such edges, and put them back only since nothing speaks against them.
const slight = 0.05

// sources returns those of each of n services in an affinity matrix.
func sources(affinity []float32, n int) [][]int {
	all := make([][]int, n)
	for service := range n {
		most := float32(0)
		for source := range n {
			most = max(most, affinity[source*n+service])
		}
		for source := range n {
			if v := affinity[source*n+service]; source != service && v > slight*most {
				all[service] = append(all[service], source)
			}
		}
	}
	return all
}
