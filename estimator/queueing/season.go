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
// It returns the least trust in the season within the horizon as well.
func (c Config) anticipate(w *estimator.Window, i int, rates, latency, forecast []float64) (moved []float64, trust float64) {
	if c.Season == nil {
		return forecast, 0
	}
	var came season.Load // the season is that of arrivals
	came.Rates, came.Shown = demand.Arrivals(rates, latency, w.Step.Seconds())
	o := c.Season.Ahead(w.Services[i].String(), came, w.End, len(forecast)+late)
	beyond := 0.0
	for _, v := range rates[len(rates)-1:] {
		if known(v) {
			beyond = max(0, v-o.Now)
		}
	}
	for h, v := range forecast {
		forecast[h] += o.Trust[h+late] * (o.Rates[h+late] + beyond - v)
	}
	return forecast, slices.Min(o.Trust)
}
