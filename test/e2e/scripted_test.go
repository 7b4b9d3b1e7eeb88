package e2e

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// script is the telemetry of one service, NaN where it is missing. The testbed does not simulate pods that lose their readiness under load.
type script struct {
	replicas, cpu, latency, requests float64
	// swing is the share by which the load goes up and down; 0 is the same at every step.
	swing float64
}

var (
	steady = script{replicas: 4, cpu: 0.6, latency: 0.05, requests: 100}
	// lost has all pods at their limit, and none of them ready.
	lost = script{replicas: 0, cpu: 1, latency: math.NaN(), requests: 0}
	// struggling has one ready pod left.
	struggling = script{replicas: 1, cpu: 1, latency: 3, requests: 10}
	quiet      = script{replicas: 4, cpu: 0.1, latency: 0.05, requests: 10}
	idle       = script{replicas: 1, cpu: 0, latency: math.NaN(), requests: 0}
	// busy needs more than twice as many replicas as steady.
	busy = script{replicas: 10, cpu: 0.6, latency: 0.05, requests: 250}
	gone = script{replicas: 0, cpu: math.NaN(), latency: math.NaN(), requests: math.NaN()}
)

// swingPeriod is the time from one peak of a load that swings to the next.
const swingPeriod = 40 * time.Second

// value returns the answer to a query about a time, in seconds since 1970.
func (s script) value(query string, at float64) float64 {
	load := 1 + s.swing*math.Sin(2*math.Pi*at/swingPeriod.Seconds())
	switch estimator.Feature(query) {
	case estimator.Replicas:
		return s.replicas
	case estimator.CPU:
		return s.cpu * load
	case estimator.Latency:
		return s.latency
	case estimator.Requests:
		return s.requests * load
	case estimator.Memory:
		return 0.4
	}
	return math.NaN()
}

// scripted stands in for Prometheus. Its queries are the names of what they ask
// for. Another service of the namespace is steady at first: what is missing of one
// service is then no outage of all.
type scripted struct {
	service, other estimator.Service
	// present is the telemetry of the service, others that of the other one.
	present, others atomic.Pointer[script]
	url             string
}

func newScripted(t *testing.T, service estimator.Service, s script) *scripted {
	t.Helper()
	p := &scripted{service: service, other: estimator.Service{Namespace: service.Namespace, Name: "other"}}
	p.set(s)
	p.others.Store(&steady)
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

func (p *scripted) set(s script) { p.present.Store(&s) }

// queries returns what the adapter has to ask.
func (p *scripted) queries() map[string]string {
	queries := map[string]string{telemetry.CallsQuery: telemetry.CallsQuery}
	for _, f := range estimator.DefaultFeatures() {
		queries[string(f)] = string(f)
	}
	return queries
}

// ServeHTTP implements [http.Handler] for the queries of Prometheus' HTTP API.
func (p *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query, kind, result := r.FormValue("query"), "vector", []any{}
	if r.Form.Has("step") {
		kind = "matrix"
		for service, s := range map[estimator.Service]script{p.service: *p.present.Load(), p.other: *p.others.Load()} {
			if samples := samples(r, s, query); len(samples) > 0 {
				labels := map[string]string{"namespace": service.Namespace, "workload": service.Name}
				result = append(result, map[string]any{"metric": labels, "values": samples})
			}
		}
	}
	w.Header().Set("Content-Type", "application/json")
	// A client that is gone needs no answer.
	_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": map[string]any{"resultType": kind, "result": result}})
}

func samples(r *http.Request, s script, query string) (samples []any) {
	start, end, step := number(r, "start"), number(r, "end"), number(r, "step")
	for at := start; step > 0 && at <= end+step/1000; at += step {
		if v := s.value(query, at); !math.IsNaN(v) {
			samples = append(samples, []any{at, fmt.Sprint(v)})
		}
	}
	return samples
}

func number(r *http.Request, field string) float64 {
	n, err := strconv.ParseFloat(r.FormValue(field), 64)
	if err != nil {
		return 0
	}
	return n
}
