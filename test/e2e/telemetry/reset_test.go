// Package telemetry tests the reading of telemetry on a real Prometheus, without
// Kubernetes.
package telemetry

import (
	"context"
	"math"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
	"github.com/deepscaler/deepscaler/hack/controlplane"
	"github.com/deepscaler/deepscaler/test/stack"
)

const (
	scrapeInterval = time.Second
	step           = 2 * time.Second
	steps          = 8
	rateWindow     = 8 * time.Second
	// patience bounds what is waited for.
	patience = 5 * time.Minute
)

// The truth: what every service serves all the time, whoever of its pods does.
const (
	rate    = 50.0 // requests per second
	latency = 0.04 // seconds
	// tolerance is that of the rate: of a counter that ends, begins or is reset,
	// what was counted since the last scrape is lost, which is up to an eighth of
	// the rate window.
	tolerance = 0.3
)

// scenarios are the pods of each service, with what each of them serves before
// and after the change; 0 is a pod that is not there.
var scenarios = map[string][]pod{
	"steady":    {{name: "a", before: 50, after: 50}},
	"restarted": {{name: "a", before: 50, after: 50, restarts: true}},
	"one-of-two-restarted": {
		{name: "a", before: 20, after: 20, restarts: true},
		{name: "b", before: 30, after: 30},
	},
	"vanished": {{name: "a", before: 20, after: 50}, {name: "b", before: 30}},
	// The counter of a pod that others have used before, far above all others.
	"appeared": {{name: "a", before: 50, after: 20}, {name: "b", after: 30, offset: 1e6}},
	"replaced": {{name: "a", before: 50}, {name: "b", after: 50, offset: 1e6}},
}

// Counters that are reset, end or begin in the middle of a window leave the
// rates near the truth at every step: none is negative, zero, missing or a spike.
func TestCountersThatChangeMidWindow(t *testing.T) {
	t.Parallel()
	// The first column is half a window before the change and looks back for the rate window; the
	// change is between two samples.
	half := time.Duration(steps/2) * step
	changed := time.Now().Add(-half).Truncate(step)
	mesh := &mesh{
		pods: scenarios, began: changed.Add(-half - rateWindow - 2*scrapeInterval - scrapeInterval/2), changed: changed, ended: changed.Add(half),
	}
	w := scraped(t, mesh, steps, step, func(c *telemetry.Config) { c.RateWindow = rateWindow })
	if first := w.Time(0); !first.Before(changed) || !changed.Before(w.End) {
		t.Fatalf("the change at %v is not within the window from %v to %v", changed, first, w.End)
	}
	for n, service := range w.Services {
		for s := range w.Steps {
			at := w.Time(s).Sub(changed).Round(100 * time.Millisecond)
			// The negations also fail a sample that is missing.
			if got := w.At(n, s, w.Channel(estimator.Requests)); !(math.Abs(got-rate) <= tolerance*rate) {
				t.Errorf("%s, %v after the change: %g requests/s, want %g ± %.0f %%", service.Name, at, got, rate, 100*tolerance)
			}
			if got := w.At(n, s, w.Channel(estimator.Latency)); !(math.Abs(got-latency) <= 0.01*latency) {
				t.Errorf("%s, %v after the change: latency %g s, want %g", service.Name, at, got, latency)
			}
		}
	}
}

// scraped returns the window of the mesh up to its end, from a Prometheus that has scraped it.
func scraped(t *testing.T, mesh *mesh, steps int, step time.Duration, change func(*telemetry.Config)) (w *estimator.Window) {
	t.Helper()
	cluster := startPrometheus(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	target := httptest.NewServer(mesh)
	t.Cleanup(target.Close)
	prometheus, err := cluster.StartPrometheus(ctx, controlplane.PrometheusOptions{
		Jobs:           []controlplane.ScrapeJob{{Name: "mesh", Targets: []string{strings.TrimPrefix(target.URL, "http://")}}},
		ScrapeInterval: scrapeInterval,
	})
	if err != nil {
		t.Fatal(err)
	}
	config := telemetry.DefaultConfig()
	config.Prometheus.URL = prometheus.URL()
	change(&config)
	source, err := telemetry.New(config, []estimator.Feature{estimator.Requests, estimator.Latency}, steps, step)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(source.Close)
	if err := stack.Eventually(ctx, "Prometheus has scraped", func(ctx context.Context) error {
		read, warnings, err := source.Window(ctx, mesh.services(), mesh.ended)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(warnings, func(w *telemetry.Error) bool { return w.Feature != telemetry.CallsQuery }); i >= 0 {
			return warnings[i]
		}
		w = read
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return w
}
