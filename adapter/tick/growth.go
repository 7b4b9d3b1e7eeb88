package tick

import (
	"context"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
)

// steady is the growth of calls under a load that stays.
func steady(estimator.Call) float64 { return 1 }

// growth returns by how much the rate of a call grows until the load is the forecast one:
// as the load of its caller does. Queueing theory forecasts the load, since a network forecasts
// needs; where a network serves, the load is in proportion to the need beyond theory's. Without a
// forecast of the load the present rates stand.
func (b *Basis) growth(ctx context.Context, recent *estimator.Window) func(estimator.Call) float64 {
	if b.Model.Load == nil {
		return steady
	}
	g, err := b.Model.Load.Growth(ctx, recent)
	if err != nil {
		return steady
	}
	lead := plan.Steps(b.Model.Plan.LeadTime, recent.Step)
	served := func(n int) float64 {
		i := b.Origin.From[n]
		if i < 0 || b.Model.Sources[i].Estimator != Network {
			return 1
		}
		if more := b.Forecast.Highest(n, lead) / g.Need[n]; more > 0 && g.Need[n] > 0 {
			return more
		}
		return 1
	}
	return func(c estimator.Call) float64 {
		if c.Source == estimator.Outside {
			return g.Outside[c.Destination] * served(c.Destination)
		}
		return g.Received[c.Source] * served(c.Source)
	}
}
