package trust

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/debug"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/estimator/queueing"
)

// Network is a trained model.
type Network interface {
	// Steps returns how many steps a window needs.
	Steps() int
	// EstimateAt returns forecasts from the beginnings of a window with the given
	// numbers of steps, at the given quantiles: [beginning][quantile]. A forecast is nil
	// where there is too little telemetry; a quantile of 0 is the usual one.
	EstimateAt(ctx context.Context, w *estimator.Window, steps []int, quantiles []float64) ([][]*estimator.Forecast, error)
	// Outside returns how far the last step is out of the range of the training, for each
	// service, in widths of that range; NaN where that is unknown.
	Outside(w *estimator.Window) ([]float64, error)
}

// Anchored is a [Network] that measures from queueing theory.
type Anchored interface {
	Network
	// Annotate returns a window with what the network derives from it, for beginnings of
	// at least so many steps: [estimator.Analytic] and more. EstimateAt accepts it.
	Annotate(ctx context.Context, w *estimator.Window, steps int) (*estimator.Window, error)
	// Theory returns how that feature is made; nil if it is not.
	Theory() *queueing.Analytic
}

// Scheduler estimates with a model as far as it is to be trusted, and with queueing
// theory otherwise. It is pure, as estimators are.
type Scheduler struct {
	Config
	// Network is nil without a model.
	Network Network
	// Rest are the estimators behind it, in order of preference: queueing theory.
	Rest []estimator.Estimator
	// Theory is how a feature with the forecasts of Rest is made. A network that has it
	// spares the hindcasts of Rest. Nil if unknown.
	Theory *queueing.Analytic
}

// errDistrusted is the reason why a model has no forecast that is no failure of it.
var errDistrusted = fmt.Errorf("the model is not trusted: %w", estimator.ErrInsufficientData)

// EstimateFrom returns the joint forecast, the origin of its rows and the trust in the
// model. In the origin the model is estimator 0, if there is one, and the others follow.
// A model that fails is skipped as [estimator.Handover.EstimateFrom] does.
func (s *Scheduler) EstimateFrom(ctx context.Context, w *estimator.Window) (*estimator.Forecast, estimator.Origin, Verdict, error) {
	if s.Network == nil {
		f, origin, err := estimator.First(s.Rest[0], s.Rest[1:]...).EstimateFrom(ctx, w)
		return f, origin, absent(), err
	}
	network, verdict, err := s.guarded(ctx, w)
	if err != nil && !errors.Is(err, errDistrusted) {
		verdict = absent()
		verdict.Trust, verdict.Reason = 0, "the model failed"
		if errors.Is(err, estimator.ErrInsufficientData) {
			verdict.Reason = "the model lacks telemetry"
		}
	}
	f, origin, err := estimator.First(given{network, err}, s.Rest...).EstimateFrom(ctx, w)
	return f, origin, verdict, err
}

// guarded is network without panics.
func (s *Scheduler) guarded(ctx context.Context, w *estimator.Window) (f *estimator.Forecast, v Verdict, err error) {
	defer func() {
		if r := recover(); r != nil {
			f, err = nil, fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return s.network(ctx, w)
}

// network returns what the model contributes: an error if that is nothing.
func (s *Scheduler) network(ctx context.Context, w *estimator.Window) (*estimator.Forecast, Verdict, error) {
	lead := plan.Steps(s.LeadTime, w.Step)
	ends := beginnings(w.Steps, lead, s.Network.Steps())
	levels := quantiles(s.Quantile)
	ends = append(ends, w.Steps)
	seen := w
	if a, ok := s.Network.(Anchored); ok {
		var err error
		if seen, err = a.Annotate(ctx, w, ends[0]); err != nil {
			return nil, Verdict{}, err
		}
	}
	forecasts, err := s.Network.EstimateAt(ctx, seen, ends, levels)
	if err != nil {
		return nil, Verdict{}, err
	}
	ends, now := ends[:len(ends)-1], forecasts[len(ends)-1]
	if now[0] == nil {
		return nil, Verdict{}, fmt.Errorf("the window has too little for the model: %w", estimator.ErrInsufficientData)
	}
	rest := estimator.First(s.Rest[0], s.Rest[1:]...)
	all, err := s.judge(ctx, w, ends, forecasts, s.baseline(seen, lead, rest))
	if err != nil {
		return nil, Verdict{}, err
	}
	beyond, err := s.Network.Outside(w)
	if err != nil {
		return nil, Verdict{}, err
	}
	v := verdict(all, s.violations(w, hindcasts*lead), outside(beyond))
	served := choice(v)
	v.Quantile = levels[served]
	switch v.Level {
	case None:
		return nil, v, errDistrusted
	case Cautious:
		least, err := rest.Estimate(ctx, w)
		if err != nil && !errors.Is(err, estimator.ErrInsufficientData) {
			return nil, v, err
		}
		return atLeast(now[served], least), v, nil
	}
	return now[0], v, nil
}

// verdict combines what is known about a model.
func verdict(all []Hindcast, violations, outside float64) Verdict {
	v := Verdict{Trust: replay(all), Hindcasts: all, Violations: violations, Outside: outside, ScaleIn: 1}
	switch {
	case len(all) == 0:
		v.Reason = "nothing can be compared yet"
	case v.Trust >= fullFrom:
		v.Reason = "its forecasts were as good as those of queueing theory"
	default:
		v.Reason = "its forecasts were worse than those of queueing theory"
	}
	// What made users wait may come from any estimate, and what is new need not be wrong:
	// reasons to be careful, not to drop the model.
	if limit := max(cautiousFrom, 1-2*violations); violations > tolerated && v.Trust > limit {
		v.Trust, v.Reason = limit, "the SLO was violated"
	}
	if limit := max(cautiousFrom, 1-outside); v.Trust > limit {
		v.Trust, v.Reason = limit, "the application is outside the range of the training"
	}
	if v.Level = levelOf(v.Trust); v.Level == Cautious {
		v.ScaleIn = cautiousScaleIn
	}
	return v
}

// outside returns how far an application is out of the range of the training, from 0 to 1:
// the mean over its services, where half of the width of a range is all that counts. It is
// NaN if that is unknown of all.
func outside(beyond []float64) float64 {
	sum, known := 0.0, 0.0
	for _, b := range beyond {
		if !math.IsNaN(b) {
			sum += min(1, 2*b)
			known++
		}
	}
	return sum / known
}

// atLeast returns the larger of two forecasts, service by service and step by step. Where
// the second has none, it is the first.
func atLeast(f, least *estimator.Forecast) *estimator.Forecast {
	if least == nil {
		return f
	}
	out := estimator.NewForecast(f.Services, f.Horizon, f.Step)
	for n := range f.Services {
		for h := range f.Horizon {
			v := f.At(n, h)
			if least.Known(n) {
				v = max(v, least.At(n, min(h, least.Horizon-1))) // NaN if v is
			}
			out.Set(n, h, v)
		}
	}
	return out
}

// given is an estimator that has estimated already.
type given struct {
	forecast *estimator.Forecast
	err      error
}

// Estimate implements [estimator.Estimator].
func (g given) Estimate(context.Context, *estimator.Window) (*estimator.Forecast, error) {
	return g.forecast, g.err
}
