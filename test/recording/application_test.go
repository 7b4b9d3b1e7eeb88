package recording

import (
	"context"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/exposition"
	"github.com/deepscaler/deepscaler/test/testbed/live"
	"github.com/deepscaler/deepscaler/test/testbed/load"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

// application runs at the pace of the wall clock and shows its telemetry at
// target.
type application struct {
	*app.Application

	target string
	driver *live.Driver
}

// watched lets somebody look at the engine at the very moment of a scrape.
type watched struct {
	*live.Driver

	look func(*simulation.Engine) time.Time
	at   time.Time // what look returned
}

// Read implements [exposition.Source].
func (w *watched) Read(read func(*simulation.Engine)) {
	w.Driver.Read(func(e *simulation.Engine) {
		w.at = w.look(e)
		read(e)
	})
}

// stamped gives samples the time of the engine, as cAdvisor does, when there is one. Otherwise they
// have that of the begin of their scrape, which may be any time before on a busy machine.
type stamped struct {
	prometheus.Collector

	source *watched
	mu     sync.Mutex // a scrape is as long as it
}

// Collect implements [prometheus.Collector].
func (s *stamped) Collect(ch chan<- prometheus.Metric) {
	s.mu.Lock()
	defer s.mu.Unlock()
	metrics := make(chan prometheus.Metric)
	go func() {
		defer close(metrics)
		s.Collector.Collect(metrics)
	}()
	for m := range metrics {
		if at := s.source.at; !at.IsZero() {
			m = prometheus.NewMetricWithTimestamp(at, m)
		}
		ch <- m
	}
}

// serve starts an application under a constant load of requests per second. Look is
// called at every scrape; its samples have the time that it returns, unless that is zero.
func serve(t *testing.T, name string, rps float64, look func(*simulation.Engine) time.Time) *application {
	t.Helper()
	a, err := app.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := simulation.New(a, 1)
	if err != nil {
		t.Fatal(err)
	}
	weights, err := a.Users.Mix(app.DefaultMix)
	if err != nil {
		t.Fatal(err)
	}
	profile := load.Profile{rps}
	users, err := load.NewOpen(a, weights, profile, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	engine.SetLoad(users)
	driver := live.New(engine, profile, time.Now)

	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { driver.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })

	registry := prometheus.NewRegistry()
	source := &watched{Driver: driver, look: look}
	registry.MustRegister(&stamped{Collector: exposition.New(source, namespace), source: source})
	server := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	t.Cleanup(server.Close)
	return &application{Application: a, target: strings.TrimPrefix(server.URL, "http://"), driver: driver}
}

// edges returns the number of pairs of a service and another that it calls.
func (a *application) edges(t *testing.T) (n int) {
	t.Helper()
	weights, err := a.Users.Mix(app.DefaultMix)
	if err != nil {
		t.Fatal(err)
	}
	visits, err := a.Visits(weights)
	if err != nil {
		t.Fatal(err)
	}
	for _, calls := range visits.Edges {
		for _, c := range calls {
			if c > 0 {
				n++
			}
		}
	}
	return n
}

// truth is what the services did from the start up to a moment, or between two.
type truth struct {
	totals []simulation.Totals
	calls  [][]float64 // from service to service
	ready  []int
	memory []float64 // of the moment, used ÷ limit
}

func (a *application) truth() truth {
	var now truth
	a.driver.Read(func(e *simulation.Engine) {
		for i := range a.Services {
			now.totals = append(now.totals, e.Totals(i))
			var calls []float64
			for _, n := range e.Calls(i) {
				calls = append(calls, float64(n))
			}
			now.calls = append(now.calls, calls)
			now.ready = append(now.ready, e.Ready(i))
			now.memory = append(now.memory, e.Memory(i))
		}
	})
	return now
}

// since returns what was done after an earlier moment.
func (now truth) since(then truth) truth {
	for i, before := range then.totals {
		t := &now.totals[i]
		t.Requests -= before.Requests
		t.Seconds -= before.Seconds
		t.CPU -= before.CPU
		t.Limit -= before.Limit
		for j := range now.calls[i] {
			now.calls[i][j] -= then.calls[i][j]
		}
	}
	return now
}
