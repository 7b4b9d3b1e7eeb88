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

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// script is the telemetry of one service: the same at every step, NaN where it is
// missing. The testbed does not simulate pods that lose their readiness under load.
type script struct {
	replicas, cpu, latency, requests float64
}

var (
	steady = script{replicas: 4, cpu: 0.6, latency: 0.05, requests: 100}
	// lost has all pods at their limit, and none of them ready.
	lost = script{replicas: 0, cpu: 1, latency: math.NaN(), requests: 0}
	// struggling has one ready pod left.
	struggling = script{replicas: 1, cpu: 1, latency: 3, requests: 10}
	quiet      = script{replicas: 4, cpu: 0.1, latency: 0.05, requests: 10}
	idle       = script{replicas: 1, cpu: 0, latency: math.NaN(), requests: 0}
	gone       = script{replicas: 0, cpu: math.NaN(), latency: math.NaN(), requests: math.NaN()}
)

func (s script) value(query string) float64 {
	switch estimator.Feature(query) {
	case estimator.Replicas:
		return s.replicas
	case estimator.CPU:
		return s.cpu
	case estimator.Latency:
		return s.latency
	case estimator.Requests:
		return s.requests
	case estimator.Memory:
		return 0.4
	}
	return math.NaN()
}

// scripted stands in for Prometheus. Its queries are the names of what they ask
// for. Another service of the namespace is always steady: what is missing of one
// service is then no outage of all.
type scripted struct {
	service, other estimator.Service
	present        atomic.Pointer[script]
	url            string
}

func newScripted(t *testing.T, service estimator.Service, s script) *scripted {
	t.Helper()
	p := &scripted{service: service, other: estimator.Service{Namespace: service.Namespace, Name: "other"}}
	p.set(s)
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
		for service, s := range map[estimator.Service]script{p.service: *p.present.Load(), p.other: steady} {
			if samples := samples(r, s.value(query)); len(samples) > 0 {
				labels := map[string]string{"namespace": service.Namespace, "workload": service.Name}
				result = append(result, map[string]any{"metric": labels, "values": samples})
			}
		}
	}
	w.Header().Set("Content-Type", "application/json")
	// A client that is gone needs no answer.
	_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": map[string]any{"resultType": kind, "result": result}})
}

func samples(r *http.Request, v float64) (samples []any) {
	start, end, step := number(r, "start"), number(r, "end"), number(r, "step")
	for at := start; step > 0 && at <= end+step/1000 && !math.IsNaN(v); at += step {
		samples = append(samples, []any{at, fmt.Sprint(v)})
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
