// Package fakeprometheus answers the adapter's queries with the telemetry of a
// chain of services under a constant load, in the format of Prometheus' HTTP API.
package fakeprometheus

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

// Load of every service: with 2 replicas at 90 % of their limits it is 1.8
// replicas' worth of work.
const (
	Replicas = 2
	cpu      = 0.9
	rps      = 100
	latency  = 0.05
	memory   = 0.4
)

// Mode is the behaviour of a server.
type Mode int32

// The modes.
const (
	Healthy Mode = iota
	// Hanging answers nothing until the client gives up.
	Hanging
	// Broken answers with an HTML error page.
	Broken
)

// Server is the fake. Close it when done.
type Server struct {
	// URL is its address.
	URL string

	services []estimator.Service
	mode     atomic.Int32
	http     *httptest.Server
}

// New starts a healthy server with telemetry of the given services, each of
// which calls the next one.
func New(services []estimator.Service) *Server {
	s := &Server{services: services}
	s.http = httptest.NewServer(s)
	s.URL = s.http.URL
	return s
}

// Set changes its behaviour.
func (s *Server) Set(m Mode) { s.mode.Store(int32(m)) }

// Close ends all requests and stops.
func (s *Server) Close() {
	s.http.CloseClientConnections()
	s.http.Close()
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch Mode(s.mode.Load()) {
	case Hanging:
		// The body must be read for the server to notice a client that leaves.
		_ = r.ParseForm()
		<-r.Context().Done()
		return
	case Broken:
		http.Error(w, "<html>Bad Gateway</html>", http.StatusBadGateway)
		return
	}
	query := r.FormValue("query")
	var data map[string]any
	if strings.HasSuffix(r.URL.Path, "/query_range") {
		data = map[string]any{"resultType": "matrix", "result": s.matrix(r, valueOf(query))}
	} else {
		data = map[string]any{"resultType": "vector", "result": s.calls()}
	}
	w.Header().Set("Content-Type", "application/json")
	// A client that is gone needs no answer.
	_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": data})
}

// valueOf returns the answer to a query of the istio preset.
func valueOf(query string) float64 {
	switch {
	case strings.Contains(query, "istio_request_duration"):
		return latency
	case strings.Contains(query, "istio_requests_total"):
		return rps
	case strings.Contains(query, "status_replicas_ready"):
		return Replicas
	case strings.Contains(query, "container_memory"):
		return memory
	default:
		return cpu
	}
}

func (s *Server) matrix(r *http.Request, value float64) []any {
	start, end, step := seconds(r, "start"), seconds(r, "end"), seconds(r, "step")
	var samples []any
	for t := start; step > 0 && t <= end+step/1000; t += step {
		samples = append(samples, []any{t, fmt.Sprint(value)})
	}
	result := make([]any, len(s.services))
	for i, service := range s.services {
		result[i] = map[string]any{
			"metric": map[string]string{"namespace": service.Namespace, "workload": service.Name},
			"values": samples,
		}
	}
	return result
}

func (s *Server) calls() []any {
	now := float64(time.Now().UnixMilli()) / 1000
	source := estimator.Service{Namespace: "istio-system", Name: "gateway"}
	result := make([]any, len(s.services))
	for i, service := range s.services {
		result[i] = map[string]any{
			"metric": map[string]string{
				"source_workload_namespace": source.Namespace, "source_workload": source.Name,
				"destination_workload_namespace": service.Namespace, "destination_workload": service.Name,
			},
			"value": []any{now, fmt.Sprint(rps)},
		}
		source = service
	}
	return result
}

func seconds(r *http.Request, field string) float64 {
	n, err := strconv.ParseFloat(r.FormValue(field), 64)
	if err != nil {
		return 0
	}
	return n
}
