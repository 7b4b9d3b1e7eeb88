package telemetry

import (
	"math"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// A scrape that is lost or late makes a rate missing rather than too low, which looks like falling
// demand. Rates between complete scrapes are there, whatever their window.
func TestScrapesThatAreLostOrLate(t *testing.T) {
	t.Parallel()
	for name, intervals := range map[string]int{"two": 2, "three": 3, "four": 4} {
		t.Run(name+" intervals", func(t *testing.T) {
			t.Parallel()
			const seconds = 24
			window := time.Duration(intervals) * scrapeInterval
			// Steps end a third of an interval after a scrape is due.
			ended := time.Now().Truncate(scrapeInterval)
			changed := ended.Add(-seconds*scrapeInterval - scrapeInterval/3)
			steady := pod{name: "a", before: rate, after: rate}
			lost, late, flood := steady, steady, steady
			lost.lost, late.late, flood.lost = []int{12}, []int{12}, []int{6, 7, 12, 18}
			mesh := &mesh{
				pods:  map[string][]pod{"steady": {steady}, "lost": {lost}, "late": {late}, "often-lost": {flood}},
				began: changed.Add(-window - 2*scrapeInterval), changed: changed, ended: ended,
			}
			w := scraped(t, mesh, seconds, scrapeInterval, func(c *telemetry.Config) {
				c.ScrapeInterval, c.RateWindow = scrapeInterval, window
			})
			for n, service := range w.Services {
				missing := 0
				for s := range w.Steps {
					got := w.At(n, s, w.Channel(estimator.Requests))
					if math.IsNaN(got) {
						missing++
					} else if math.Abs(got-rate) > 0.05*rate {
						t.Errorf("%s at step %d: %g requests/s, want %g or none", service.Name, s, got, rate)
					}
				}
				if most := map[string]int{"steady": 0, "lost": 2, "late": 2, "often-lost": 9}[service.Name]; missing > most {
					t.Errorf("%s: %d steps are missing, want at most %d", service.Name, missing, most)
				}
			}
		})
	}
}
