package estimator

import "context"

// Newest returns the newest steps of w, all of them when it has no more or steps is 0.
func (w *Window) Newest(steps int) *Window {
	if steps <= 0 || w.Steps <= steps {
		return w
	}
	return w.Slice(Range{From: w.Steps - steps, To: w.Steps})
}

// Newest returns an estimator that sees the newest steps of windows, which may be longer
// for the sake of another.
func Newest(e Estimator, steps int) Estimator { return newest{e, steps} }

type newest struct {
	estimator Estimator
	steps     int
}

// Estimate implements [Estimator].
func (n newest) Estimate(ctx context.Context, w *Window) (*Forecast, error) {
	return n.estimator.Estimate(ctx, w.Newest(n.steps))
}
