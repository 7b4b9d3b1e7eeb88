package queueing

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/deepscaler/deepscaler/estimator"
)

// Analytic adds the feature [estimator.Analytic] to windows: at every step, the
// largest need within the lead time that [HAB] forecasts, or [MMN] where HAB has
// no forecast. A step depends only on the window of steps up to it, so it has the
// same value in training and in serving.
type Analytic struct {
	joint  *estimator.Handover
	window int
}

// NewAnalytic returns an Analytic that looks back window steps. A configuration that
// does not validate is an error.
func NewAnalytic(c Config, window int) (*Analytic, error) {
	hab, err := NewHAB(c)
	if err != nil {
		return nil, err
	}
	mmn, err := NewMMN(c)
	if err != nil {
		return nil, err
	}
	if window < minSamples {
		return nil, fmt.Errorf("queueing: a forecast from %d steps, want at least %d", window, minSamples)
	}
	return &Analytic{joint: estimator.First(hab, mmn), window: window}, nil
}

// Window returns the number of steps that a forecast looks back.
func (a *Analytic) Window() int { return a.window }

// Annotate returns w with one more channel. The value is NaN where forecasts say
// nothing, at the first steps, before which w has too few, and at those before from.
func (a *Analytic) Annotate(ctx context.Context, w *estimator.Window, from int) (*estimator.Window, error) {
	out := *w
	out.Features = slices.Concat(w.Features, []estimator.Feature{estimator.Analytic})
	width, services := len(out.Features), len(w.Services)
	out.Values = make([]float64, len(w.Values)/len(w.Features)*width)
	for i := range w.Steps * services {
		copy(out.Values[i*width:], w.Values[i*len(w.Features):(i+1)*len(w.Features)])
		out.Values[(i+1)*width-1] = math.NaN()
	}
	from = max(from, a.window-1)
	workers := min(runtime.GOMAXPROCS(0), max(1, (w.Steps-from)/stepsPerWorker))
	g, ctx := errgroup.WithContext(ctx)
	for k := range workers {
		g.Go(func() error {
			for t := from + k; t < w.Steps; t += workers {
				if err := a.forecast(ctx, w.Slice(estimator.Range{From: t + 1 - a.window, To: t + 1}), out.Values[t*services*width:(t+1)*services*width], width); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return &out, g.Wait()
}

// stepsPerWorker is what a goroutine is worth: a served window is for one.
const stepsPerWorker = 256

// forecast writes the largest need of every service to the last channel of a step.
func (a *Analytic) forecast(ctx context.Context, w *estimator.Window, step []float64, width int) error {
	f, origin, err := a.joint.EstimateFrom(ctx, w)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if failed := errors.Join(origin.Errors...); failed != nil {
		return failed
	}
	if f == nil || errors.Is(err, estimator.ErrInsufficientData) {
		return nil // nothing is known of the step
	}
	for n := range w.Services {
		if f.Known(n) {
			most := 0.0
			for h := range f.Horizon {
				most = max(most, f.At(n, h))
			}
			step[(n+1)*width-1] = most
		}
	}
	return nil
}

// Graph returns the invocation graph of a history, given how often each edge is
// called per request of its source, as the queueing network of a mesh that counts
// every call: with the calls from outside.
func Graph(w *estimator.Window, edges []estimator.Edge) *estimator.CallGraph {
	c := w.Channel(estimator.Requests)
	if edges == nil || c < 0 {
		return nil
	}
	mean, called := make([]float64, len(w.Services)), make([]float64, len(w.Services))
	for n := range mean {
		count := 0.0
		for t := range w.Steps {
			if v := w.At(n, t, c); known(v) {
				mean[n] += v
				count++
			}
		}
		mean[n] /= max(1, count)
	}
	g := &estimator.CallGraph{}
	for _, e := range edges {
		if rate := e.Weight * mean[e.Source]; e.Source != e.Destination && rate > 0 {
			g.Calls = append(g.Calls, estimator.Call{Source: e.Source, Destination: e.Destination, Rate: rate})
			called[e.Destination] += rate
		}
	}
	for n, rate := range mean {
		if outside := rate - called[n]; outside > unexplainedShare*rate {
			g.Calls = append(g.Calls, estimator.Call{Source: estimator.Outside, Destination: n, Rate: outside})
		}
	}
	return g
}
