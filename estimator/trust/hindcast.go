package trust

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
	"github.com/deepscaler/deepscaler/estimator/plan"
)

const (
	// hindcasts is how many are compared, a lead time apart. A bad one counts until it
	// has left the window: three lead times later.
	hindcasts = 3
	// shortage weighs a missing replica, and the rest a spare one.
	shortage = 0.8
	// slack is the loss, as a share of the needed replicas, that counts for nothing, and
	// half is that of half a missing replica.
	slack, half = 0.06, shortage / 2
	// worse and useless are multiples of the baseline's loss: up to the one a model is
	// as good, from the other on it is worth nothing.
	worse, useless = 1.25, 2.5
	// recovery is the most trust that one hindcast gives back.
	recovery = 1.0 / 3
)

// Room returns how many steps a window must be longer than a model needs, so that all
// hindcasts can be made.
func Room(leadTime, step time.Duration) int { return hindcasts * plan.Steps(leadTime, step) }

// beginnings returns the numbers of steps of the parts to forecast from, in the order of
// time: each at least a lead time before the end, and of at least the given number.
func beginnings(steps, lead, least int) []int {
	var ends []int
	for k := hindcasts; k > 0; k-- {
		if end := steps - k*lead; end >= least {
			ends = append(ends, end)
		}
	}
	return ends
}

// needs are the replicas that each service needed at each step, in hindsight.
func (c Config) needs(w *estimator.Window) ([][]demand.Need, error) {
	policy := demand.Policy{SLO: c.SLO, MinUtilisation: c.MinUtilisation, MaxUtilisation: c.MaxUtilisation}
	h, err := demand.Look(policy, demand.Services(w), w.Calls.Edges(len(w.Services)), estimator.Range{To: w.Steps})
	if err != nil {
		return nil, err
	}
	needs := make([][]demand.Need, len(w.Services))
	for n := range needs {
		needs[n] = h.Needs(n)
	}
	return needs, nil
}

// compare returns the hindcast of forecasts by the model and by queueing theory from the
// first end steps of w, of which the needs are known; false if they have no service in
// common.
func (c Config) compare(w *estimator.Window, end, lead int, f, baseline *estimator.Forecast, needs [][]demand.Need) (Hindcast, bool) {
	h := Hindcast{Made: w.Time(end - 1)}
	for n := range w.Services {
		came, atLeast := worst(needs[n][end : end+lead])
		mine, theirs := f.Highest(n, lead), baseline.Highest(n, lead)
		if math.IsNaN(came + mine + theirs) {
			continue
		}
		needed := c.whole(came)
		h.Model.add(c.whole(mine), needed, atLeast)
		h.Baseline.add(c.whole(theirs), needed, atLeast)
		h.Needed += needed
		h.Services++
	}
	if h.Services == 0 {
		return h, false
	}
	allowed := slack*h.Needed + half
	ratio := (h.Model.Loss() + allowed) / (h.Baseline.Loss() + allowed)
	h.Score = max(0, min(1, (useless-ratio)/(useless-worse)))
	return h, true
}

// whole returns the replicas that a plan would have for a need.
func (c Config) whole(need float64) float64 { return max(1, math.Ceil(need-c.RoundingTolerance)) }

// add adds the error of a forecast. A need that was only a lower bound may have been up to
// twice as high.
func (e *Errors) add(forecast, needed float64, atLeast bool) {
	e.Missing += max(0, needed-forecast)
	if atLeast {
		needed *= 2
	}
	e.Spare += max(0, forecast-needed)
}

// worst returns the largest need, and whether it was a lower bound; NaN if one of the
// steps is unknown.
func worst(needs []demand.Need) (replicas float64, atLeast bool) {
	for _, n := range needs {
		if math.IsNaN(n.Replicas) {
			return math.NaN(), false
		}
		if n.Replicas >= replicas {
			replicas, atLeast = n.Replicas, n.AtLeast
		}
	}
	return replicas, atLeast
}

// replay returns the trust after hindcasts in the order of time: 0 without any, since
// nothing speaks for the model.
func replay(all []Hindcast) float64 {
	if len(all) == 0 {
		return 0
	}
	trust := all[0].Score
	for _, h := range all[1:] {
		trust = min(h.Score, trust+recovery)
	}
	return trust
}

// judge compares forecasts of the model, at the usual quantile, from the beginnings of w
// with those of queueing theory.
func (c Config) judge(ctx context.Context, w *estimator.Window, ends []int, forecasts [][]*estimator.Forecast, baseline func(context.Context, int) (*estimator.Forecast, error)) ([]Hindcast, error) {
	if len(ends) == 0 {
		return nil, nil
	}
	needs, err := c.needs(w)
	if err != nil {
		return nil, err
	}
	var all []Hindcast
	for i, end := range ends {
		b, err := baseline(ctx, end)
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case errors.Is(err, estimator.ErrInsufficientData):
			continue
		case err != nil:
			return nil, err
		}
		if h, ok := c.compare(w, end, plan.Steps(c.LeadTime, w.Step), forecasts[i][0], b, needs); ok {
			all = append(all, h)
		}
	}
	return all, nil
}

// baseline returns what forecasts by queueing theory from beginnings of a window, for a
// lead time. A window that was annotated as the scheduler does it has them already.
func (s *Scheduler) baseline(w *estimator.Window, lead int, rest estimator.Estimator) func(context.Context, int) (*estimator.Forecast, error) {
	channel := w.Channel(estimator.Analytic)
	a, ok := s.Network.(Anchored)
	if !ok || channel < 0 || !s.Theory.Equal(a.Theory()) || !s.Theory.Covers(lead, w.Step) {
		return func(ctx context.Context, end int) (*estimator.Forecast, error) {
			return rest.Estimate(ctx, w.Slice(estimator.Range{To: end}))
		}
	}
	return func(_ context.Context, end int) (*estimator.Forecast, error) {
		f := estimator.NewForecast(w.Services, 1, w.Step)
		for n := range w.Services {
			f.Set(n, 0, w.At(n, end-1, channel))
		}
		return f, nil
	}
}
