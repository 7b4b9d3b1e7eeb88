package queueing

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
)

// Analytic adds features to windows that queueing theory derives: [estimator.Analytic],
// the largest need within the lead time that [HAB] forecasts, or [MMN] where HAB has no
// forecast, and [estimator.Present], the need at the step itself. A step depends only on the window of steps up to it, so it has the
// same value in training and in serving.
type Analytic struct {
	hab    *HAB
	mmn    *MMN
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
	return &Analytic{hab: hab, mmn: mmn, window: window}, nil
}

// Under returns the same for the utilisation and the headroom of c.
func (a *Analytic) Under(c Config) (*Analytic, error) {
	own := a.hab.config
	own.MinUtilisation, own.MaxUtilisation, own.Headroom = c.MinUtilisation, c.MaxUtilisation, c.Headroom
	return NewAnalytic(own, a.window)
}

// Window returns the number of steps that a forecast looks back.
func (a *Analytic) Window() int { return a.window }

// Equal reports whether two make equal forecasts. Nil makes none.
func (a *Analytic) Equal(b *Analytic) bool {
	return a != nil && b != nil && a.window == b.window && a.hab.config == b.hab.config
}

// Covers reports whether its forecasts are for so many steps of a length.
func (a *Analytic) Covers(steps int, step time.Duration) bool {
	return a.hab.config.horizon(step) == steps
}

// Annotate returns w with the derived features added: the forecast, and with present
// the need at each step as well. A value is NaN where nothing is known, at the first
// steps, before which w has too few, and at those before from.
func (a *Analytic) Annotate(ctx context.Context, w *estimator.Window, from int, present bool) (*estimator.Window, error) {
	services, err := open(ctx, w)
	if err != nil {
		return nil, err
	}
	out := *w
	derived := []estimator.Feature{estimator.Analytic}
	if present {
		derived = append(derived, estimator.Present)
	}
	seasonal := a.hab.config.Season != nil
	if seasonal {
		derived = append(derived, estimator.Vouched)
	}
	out.Features = slices.Concat(w.Features, derived)
	width := len(out.Features)
	out.Values = make([]float64, len(w.Values)/len(w.Features)*width)
	for i := range w.Steps * len(services) {
		row := out.Values[i*width : (i+1)*width]
		for c := copy(row, w.Values[i*len(w.Features):(i+1)*len(w.Features)]); c < width; c++ {
			row[c] = math.NaN()
		}
	}
	from = max(from, a.window-1)
	workers := min(runtime.GOMAXPROCS(0), max(1, (w.Steps-from)/stepsPerWorker))
	g, ctx := errgroup.WithContext(ctx)
	for k := range workers {
		g.Go(func() error {
			for t := from + k; t < w.Steps; t += workers {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				o, err := a.at(w, services, estimator.Range{From: t + 1 - a.window, To: t + 1})
				if err != nil {
					return err
				}
				for n, v := range o.highest {
					row := out.Values[(t*len(services)+n)*width : (t*len(services)+n+1)*width]
					row[len(w.Features)] = v
					if present {
						row[len(w.Features)+1] = o.present[n]
					}
					if seasonal {
						row[width-1] = o.vouched[n]
					}
				}
			}
			return nil
		})
	}
	return &out, g.Wait()
}

// stepsPerWorker is what a goroutine is worth: a served window is for one.
const stepsPerWorker = 256

// outcome is what queueing theory derives at the end of a range, for every service.
type outcome struct {
	// highest is the largest forecast and present the need at the last step, NaN where
	// unknown. Both are of the same estimator.
	highest, present []float64
	// firm is the largest forecast without what a rise that has begun may become.
	firm []float64
	// vouched is the share of the load that a believed season expects.
	vouched []float64
}

// at returns the outcome at the end of a range of w. services are those of w.
func (a *Analytic) at(w *estimator.Window, services []demand.Service, r estimator.Range) (*outcome, error) {
	part, seen := w.Slice(r), stations(services, r)
	of := func() []float64 { return make([]float64, len(services)) }
	out := &outcome{highest: of(), present: of(), firm: of(), vouched: of()}
	for n := range services {
		out.highest[n], out.present[n], out.firm[n] = math.NaN(), math.NaN(), math.NaN()
	}
	missing := len(services)
	for _, estimate := range []func(*estimator.Window, []station) (outlook, error){a.hab.outlook, a.mmn.outlook} {
		if missing == 0 {
			break
		}
		o, err := estimate(part, seen)
		if errors.Is(err, estimator.ErrInsufficientData) {
			continue
		}
		if err != nil {
			return nil, err
		}
		copy(out.vouched, o.vouched)
		for n := range services {
			if math.IsNaN(out.highest[n]) && o.forecast.Known(n) {
				out.highest[n], out.present[n] = o.forecast.Highest(n, o.forecast.Horizon), o.present[n]
				out.firm[n] = o.firm.Highest(n, o.firm.Horizon)
				missing--
			}
		}
	}
	return out, nil
}

// Graph returns the invocation graph of a history, given how often each edge is
// called per request of its source, as the queueing network of a mesh that counts
// every call: with the calls from outside.
func Graph(w *estimator.Window, edges []estimator.Edge) *estimator.CallGraph {
	c := w.Channel(estimator.Requests)
	if edges == nil || c < 0 {
		return nil
	}
	mean, rates := make([]float64, len(w.Services)), make([]float64, w.Steps)
	for n := range mean {
		for t := range rates {
			rates[t] = w.At(n, t, c)
		}
		mean[n] = demand.Mean(rates)
	}
	g := &estimator.CallGraph{}
	for _, e := range edges {
		if rate := e.Weight * mean[e.Source]; e.Source != e.Destination && rate > 0 {
			g.Calls = append(g.Calls, estimator.Call{Source: e.Source, Destination: e.Destination, Rate: rate})
		}
	}
	for n, rate := range demand.Outside(mean, edges) {
		if rate > 0 {
			g.Calls = append(g.Calls, estimator.Call{Source: estimator.Outside, Destination: n, Rate: rate})
		}
	}
	return g
}
