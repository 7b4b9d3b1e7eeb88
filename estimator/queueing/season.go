package queueing

import (
	"slices"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
	"github.com/deepscaler/deepscaler/estimator/season"
)

// Season forecasts what recurs. [season.Season] does; [season.Fitted] does so on the history
// that it was fitted on.
type Season interface {
	// Ahead returns the rates of a service expected at the steps up to horizon, given
	// its load up to a time, and how far they are to be believed.
	Ahead(service string, l season.Load, end time.Time, horizon int) season.Outlook
}

// late is how many steps after a change of the load the telemetry shows it in full: rates
// are means over a window of one or two steps.
const late = 1

// anticipate moves a forecast of the rates from outside service i towards what the season
// expects, as far as it is to be believed. What comes beyond the season is taken to stay.
// It returns the share of the present rate that the season expects as well, as far as it
// is to be believed within the horizon: 0 if the telemetry of so many steps hid requests.
func (c Config) anticipate(w *estimator.Window, i int, rates, latency, forecast []float64) (moved []float64, believed float64) {
	if c.Season == nil {
		return forecast, 0
	}
	var came season.Load // the season is that of arrivals
	came.Rates, came.Shown = demand.Arrivals(rates, latency, w.Step.Seconds())
	o := c.Season.Ahead(w.Services[i].String(), came, w.End, len(forecast)+late)
	beyond := 0.0
	last := len(rates) - 1
	if now := rates[last]; known(now) {
		beyond = max(0, now-o.Now)
		if slices.Max(came.Shown[max(0, last+1-len(forecast)):]) == demand.Whole {
			believed = slices.Min(o.Trust) * min(1, o.Now/max(now, came.Rates[last]))
		}
	}
	for h, v := range forecast {
		forecast[h] += o.Trust[h+late] * (o.Rates[h+late] + beyond - v)
	}
	return forecast, believed
}
