package model

import (
	"math"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

const (
	// chance is how many standard deviations of the count of a Poisson stream a rise must be
	// above none: the largest of a window of calm load is about three.
	chance = 3
	// calm and moved are rises of the load within the horizon, as shares of it: up to the
	// one no correction of the forecast is needed, since replicas are planned for a
	// utilisation that leaves as much, and from the other on all of it.
	calm, moved = 0.1, 0.3
)

// movement returns the share of a correction that the load of a service is worth, from 0
// where it hardly rose within so many steps anywhere in the window, to 1. What a network
// learned where loads jump is a reserve that a load which does not jump pays for in vain.
//
// rates are requests per second at steps of the given length, NaN where missing. Too few of
// them say nothing: 1.
func movement(rates []float64, ahead int, step time.Duration) float64 {
	most, known := 0.0, false
	for t := ahead + 1; t < len(rates); t++ {
		before, now := (rates[t-ahead]+rates[t-ahead-1])/2, (rates[t]+rates[t-1])/2
		if math.IsNaN(before + now) {
			continue
		}
		known = true
		if rise := now - before - chance*math.Sqrt((before+now)/(2*step.Seconds())); rise > 0 {
			most = max(most, rise/before)
		}
	}
	if !known {
		return 1
	}
	return max(0, min(1, (most-calm)/(moved-calm)))
}

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
		c.moved[row] = movement(c.rates, len(e.columns), w.Step)
	}
}
