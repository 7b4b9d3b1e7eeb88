package recording

import (
	"math"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
	"github.com/deepscaler/deepscaler/test/lab/windows"
	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

// The windows of the lab are those that the queries of the preset find in a real
// Prometheus, while pods come and go: within 2 %.
func TestLabWindowsAreThoseOfPrometheus(t *testing.T) {
	t.Parallel()
	const (
		columns = 8
		rates   = 4 * step
	)
	description, err := app.Load("online-boutique")
	if err != nil {
		t.Fatal(err)
	}
	cluster := start(t)
	wait(t, step)
	began := time.Now().Truncate(step)
	recorder, err := windows.NewRecorder(description.ServiceNames(), windows.Config{
		Namespace: namespace, Start: began, Step: step, Steps: columns, RateWindow: rates,
	})
	if err != nil {
		t.Fatal(err)
	}
	evaluated := 0
	a := serve(t, description.Name, rps, func(e *simulation.Engine) time.Time {
		for float64(evaluated+1)*step.Seconds() < e.Now() {
			recorder.Evaluate()
			evaluated++
		}
		recorder.Scrape(e)
		return began.Add(time.Duration(e.Now() * float64(time.Second)))
	})
	prometheus := scraped(t, cluster, a)

	for _, replicas := range []int{6, 2, 5} {
		a.driver.Read(func(e *simulation.Engine) {
			if err := e.SetReplicas(a.Service("frontend"), replicas); err != nil {
				t.Error(err)
			}
		})
		for range 4 {
			wait(t, step)
		}
	}
	// The recorder evaluates a step in the first scrape after it, which comes when Prometheus has
	// stored the one before.
	var want *estimator.Window
	a.driver.Read(func(*simulation.Engine) { want = recorder.Window() })

	cfg := telemetry.DefaultConfig()
	cfg.Prometheus.URL, cfg.RateWindow = prometheus, rates
	source, err := telemetry.New(cfg, estimator.DefaultFeatures(), columns, step)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	got, said, err := source.Window(t.Context(), want.Services, want.End)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range said {
		t.Log(s)
	}
	compared := 0
	for c, feature := range want.Features {
		for n, service := range want.Services {
			for step := range want.Steps {
				g, w := got.At(n, step, got.Channel(feature)), want.At(n, step, c)
				if math.IsNaN(g) != math.IsNaN(w) || math.Abs(g-w) > 0.02*w+1e-9 {
					t.Errorf("%s of %s in column %d: Prometheus has %v, the lab %v", feature, service.Name, step, g, w)
				}
				if !math.IsNaN(g) {
					compared++
				}
			}
		}
	}
	if least := 9 * len(want.Values) / 10; compared < least {
		t.Errorf("%d of %d samples are there, want at least %d", compared, len(want.Values), least)
	}
	rate := map[[2]int]float64{}
	for _, call := range got.Calls.Calls {
		rate[[2]int{call.Source, call.Destination}] = call.Rate
	}
	if len(rate) != len(want.Calls.Calls) {
		t.Errorf("Prometheus has %d edges, the lab %d", len(rate), len(want.Calls.Calls))
	}
	for _, call := range want.Calls.Calls {
		if g := rate[[2]int{call.Source, call.Destination}]; math.Abs(g-call.Rate) > 0.02*call.Rate {
			t.Errorf("calls %d→%d: Prometheus has %v per second, the lab %v", call.Source, call.Destination, g, call.Rate)
		}
	}
}
