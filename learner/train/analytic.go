package train

import (
	"context"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/queueing"
)

// analytic returns how the analytic forecast is made. It plans for the utilisation of the
// label, as what serves without a model does.
func (s Spec) analytic() queueing.Config {
	c := queueing.DefaultConfig()
	c.SLO, c.SLOPercentile, c.LeadTime, c.Headroom = time.Duration(s.Label.SLO), s.Label.SLOPercentile, s.LeadTime, s.Headroom
	if s.Label.MaxUtilisation > 0 {
		c.MinUtilisation, c.MaxUtilisation = s.Label.MinUtilisation, s.Label.MaxUtilisation
	}
	return c
}

// Annotate returns a history with the features analytic and present, which look back
// window steps.
// Without edges the invocation graph is that of the history, if it has one.
func Annotate(ctx context.Context, history *estimator.Window, edges []estimator.Edge, c queueing.Config, window int) (*estimator.Window, error) {
	analytic, err := queueing.NewAnalytic(c, window)
	if err != nil {
		return nil, err
	}
	w := *history
	if edges != nil {
		w.Calls = queueing.Graph(history, edges)
	}
	return analytic.Annotate(ctx, &w, 0, true)
}
