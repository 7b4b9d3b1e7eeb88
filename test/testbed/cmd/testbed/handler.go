package main

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/exposition"
	"github.com/deepscaler/deepscaler/test/testbed/live"
	"github.com/deepscaler/deepscaler/test/testbed/load"
)

func (o *serveOptions) handler(driver *live.Driver, a *app.Application) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(exposition.New(driver, o.namespace))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		// The client is gone when this fails; there is nobody to tell.
		_ = json.NewEncoder(w).Encode(driver.Status())
	})
	mux.HandleFunc("POST /load", func(w http.ResponseWriter, r *http.Request) {
		if err := o.setLoad(driver, a, r); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

func (o *serveOptions) setLoad(driver *live.Driver, a *app.Application, r *http.Request) error {
	var body struct {
		RPS float64 `json:"rps"`
	}
	decoder := json.NewDecoder(http.MaxBytesReader(nil, r.Body, 1<<10))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&body); err != nil {
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
