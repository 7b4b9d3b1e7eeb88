package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/exposition"
	"github.com/deepscaler/deepscaler/test/testbed/live"
	"github.com/deepscaler/deepscaler/test/testbed/load"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

func (o *serveOptions) handler(driver *live.Driver, a *app.Application) http.Handler {
	var scrapeFails atomic.Bool
	registry := prometheus.NewRegistry()
	registry.MustRegister(exposition.New(driver, o.namespace))
	mux := http.NewServeMux()
	metrics := promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		if scrapeFails.Load() {
			http.Error(w, "out of order, see /trouble", http.StatusServiceUnavailable)
			return
		}
		metrics.ServeHTTP(w, r)
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		// This fails when the client is gone, so there is no one to report it to.
		_ = json.NewEncoder(w).Encode(driver.Status())
	})
	mux.HandleFunc("POST /load", func(w http.ResponseWriter, r *http.Request) {
		if err := o.setLoad(driver, a, r); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /trouble", func(w http.ResponseWriter, r *http.Request) {
		if err := trouble(driver, a, &scrapeFails, r); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

// trouble slows down or fails the calls of a service, or fails scrapes.
func trouble(driver *live.Driver, a *app.Application, scrapeFails *atomic.Bool, r *http.Request) error {
	var body struct {
		Service string `json:"service"`
		simulation.Fault
		Scrape *bool `json:"scrapeFails"`
	}
	if err := decode(r, &body); err != nil {
		return fmt.Errorf(`want a body such as {"service": "cartservice", "slowdown": 3, "errors": 0.1} or {"scrapeFails": true}: %w`, err)
	}
	if body.Scrape == nil && body.Service == "" {
		return errors.New("name a service to trouble, or scrapeFails")
	}
	if body.Service != "" {
		service := a.Service(body.Service)
		if service < 0 {
			return fmt.Errorf("%s has no service %q", a.Name, body.Service)
		}
		var err error
		driver.Read(func(e *simulation.Engine) { err = e.SetFault(service, body.Fault) })
		if err != nil {
			return err
		}
	}
	if body.Scrape != nil {
		scrapeFails.Store(*body.Scrape)
	}
	return nil
}

// decode reads a small JSON body strictly.
func decode(r *http.Request, into any) error {
	decoder := json.NewDecoder(http.MaxBytesReader(nil, r.Body, 1<<10))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

func (o *serveOptions) setLoad(driver *live.Driver, a *app.Application, r *http.Request) error {
	var body struct {
		RPS float64 `json:"rps"`
	}
	if err := decode(r, &body); err != nil {
		return fmt.Errorf(`want a body such as {"rps": 50}: %w`, err)
	}
	if body.RPS < 0 || math.IsNaN(body.RPS) {
		return fmt.Errorf("rps is %v, want a number of at least 0", body.RPS)
	}
	weights, changes, err := load.ReadMix(a, o.mix)
	if err != nil {
		return err
	}
	return driver.SetLoad(weights, body.RPS, o.seed, changes...)
}
