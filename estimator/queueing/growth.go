package queueing

import (
	"context"
	"math"

	"github.com/deepscaler/deepscaler/estimator"
)

// Growth is the highest load that is forecast, as multiples of the mean over the window: 1
// where that is unknown.
type Growth struct {
	// Received are the requests of each service, Outside those of them that are no
	// calls of other services.
	Received, Outside []float64
	// Need is the highest forecast need of each service in replicas, NaN if unknown.
	Need []float64
}

func newGrowth(n int) Growth {
	g := Growth{Received: make([]float64, n), Outside: make([]float64, n)}
	for i := range n {
		g.Received[i], g.Outside[i] = 1, 1
	}
	return g
}

// Growth returns the growth that the forecast of [HAB.Estimate] is made from, with its errors.
func (e *HAB) Growth(ctx context.Context, w *estimator.Window) (*Growth, error) {
	services, err := open(ctx, w)
	if err != nil {
		return nil, err
	}
	o, err := e.outlook(w, stations(services, estimator.Range{To: w.Steps}))
	if err != nil {
		return nil, err
	}
	g := o.growth
	for n := range w.Services {
		g.Need = append(g.Need, o.forecast.Highest(n, o.forecast.Horizon))
	}
	return &g, nil
}

// multiple returns a rate as a multiple of the mean of others, 1 if that is unknown or nothing.
func multiple(rate float64, of []float64) float64 {
	sum, count := 0.0, 0.0
	for _, v := range of {
		if known(v) {
			sum += v
			count++
		}
	}
	if m := rate * count / sum; m > 0 && !math.IsInf(m, 0) {
		return m
	}
	return 1
}
