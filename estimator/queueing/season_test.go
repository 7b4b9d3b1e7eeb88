package queueing

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator/season"
)

// always expects the same.
type always season.Outlook

func (a always) Ahead(_ string, _ season.Load, _ time.Time, horizon int) season.Outlook {
	o := season.Outlook(a)
	o.Rates, o.Trust = slices.Repeat(a.Rates, horizon), slices.Repeat(a.Trust, horizon)
	return o
}

func TestSeasonIsMetAtAllServicesBeforeItComes(t *testing.T) {
	w := after(chainModel(), 12, entry("a", 25), false)
	for name, c := range map[string]struct {
		outlook season.Outlook
		factor  float64 // on the rate
	}{
		"four times as much":      {season.Outlook{Rates: []float64{100}, Now: 25, Trust: []float64{1}}, 4},
		"half believed":           {season.Outlook{Rates: []float64{100}, Now: 25, Trust: []float64{0.5}}, 2.5},
		"not believed":            {season.Outlook{Rates: []float64{100}, Now: 25, Trust: []float64{0}}, 1},
		"what is beyond it stays": {season.Outlook{Rates: []float64{50}, Now: 12.5, Trust: []float64{1}}, 2.5},
	} {
		t.Run(name, func(t *testing.T) {
			want := needs(t, newHAB(t), after(chainModel(), 12, entry("a", 25*c.factor), false))
			got := needs(t, newHAB(t, func(config *Config) { config.Season = always(c.outlook) }), w)
			for i := range got {
				if math.Abs(got[i]/want[i]-1) > 0.1 {
					t.Errorf("service %d needs %.3g, want %.3g, as under %v times the load", i, got[i], want[i], c.factor)
				}
			}
		})
	}
}
