package season

import (
	"errors"
	"math"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
)

// Load is that of a service, by step.
type Load struct {
	// Rates are in requests per second, NaN where missing.
	Rates []float64
	// Shown is how much of what came they are, since a saturated service shows no more
	// than it answers; nil is all of it.
	Shown []demand.Shown
}

// bound reports whether the rate of a step is a lower bound.
func (l Load) bound(t int) bool { return l.Shown != nil && l.Shown[t] > demand.Whole }

// meets returns the rate of a step as an expectation of it is to be compared with it: a
// lower bound has nothing against more.
func (l Load) meets(t int, expected float64) float64 {
	if l.bound(t) {
		return max(l.Rates[t], expected)
	}
	return l.Rates[t]
}

func (l Load) slice(from, to int) Load {
	l.Rates = l.Rates[from:to]
	if l.Shown != nil {
		l.Shown = l.Shown[from:to]
	}
	return l
}

// last returns so many of the last steps, or all if there are fewer.
func (l Load) last(steps int) Load { return l.slice(max(0, len(l.Rates)-steps), len(l.Rates)) }

// errNoRequests is what a history without requests has.
var errNoRequests = errors.New("the season is that of requests, which the history lacks")

// loads returns the rates at which requests arrived at every service, see
// [demand.Arrivals]: a burst that saturated the application in the history comes no later,
// no slower and no lower for that. What a service receives is at least as much as it shows
// while one that calls it, directly or not, is saturated.
func loads(w *estimator.Window, calls []estimator.Edge) ([]Load, error) {
	c := w.Channel(estimator.Requests)
	if c < 0 {
		return nil, errNoRequests
	}
	all := make([]Load, len(w.Services))
	for n := range all {
		all[n] = Load{make([]float64, w.Steps), make([]demand.Shown, w.Steps)}
		for t := range w.Steps {
			all[n].Rates[t] = w.At(n, t, c)
		}
		if l := w.Channel(estimator.Latency); l >= 0 {
			latency := make([]float64, w.Steps)
			for t := range latency {
				latency[t] = w.At(n, t, l)
			}
			all[n].Rates, all[n].Shown = demand.Arrivals(all[n].Rates, latency, w.Step.Seconds())
		}
	}
	for spreads := true; spreads; {
		spreads = false
		for _, e := range calls {
			callee := all[e.Destination].Shown
			for t, held := range all[e.Source].Shown {
				if held > callee[t] {
					callee[t], spreads = held, true
				}
			}
		}
	}
	return all, nil
}

// together returns the mean of all services, each as a share of its own mean: a lower bound
// where that of most of them is one.
func together(series []Load) Load {
	steps := len(series[0].Rates)
	total := Load{make([]float64, steps), make([]demand.Shown, steps)}
	count := make([]float64, steps)
	bounds := make([][demand.Less + 1]float64, steps)
	for _, l := range series {
		mean := demand.Mean(l.Rates)
		for t, v := range l.Rates {
			if !math.IsNaN(v) && mean > 0 {
				total.Rates[t] += v / mean
				count[t]++
				bounds[t][l.Shown[t]]++
			}
		}
	}
	for t := range steps {
		total.Rates[t] /= count[t] // NaN without any
		switch most := count[t] / 2; {
		case bounds[t][demand.Less] > most:
			total.Shown[t] = demand.Less
		case bounds[t][demand.Less]+bounds[t][demand.AtLeast] > most:
			total.Shown[t] = demand.AtLeast
		}
	}
	return total
}
