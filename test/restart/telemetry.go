package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// queries returns what the adapter asks for: each query is the name of a feature.
func queries() map[string]string {
	all := map[string]string{telemetry.CallsQuery: telemetry.CallsQuery}
	for _, f := range estimator.DefaultFeatures() {
		all[string(f)] = string(f)
	}
	return all
}

// value returns a constant telemetry that asks for the replicas that there are.
func value(query string) (float64, bool) {
	switch estimator.Feature(query) {
	case estimator.Replicas:
		return replicas, true
	case estimator.CPU:
		return 0.6, true
	case estimator.Latency:
		return 0.05, true
	case estimator.Requests:
		return 100, true
	case estimator.Memory:
		return 0.4, true
	}
	return 0, false
}

// serveTelemetry stands in for Prometheus.
func serveTelemetry(services int) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind, result := "vector", []any{}
		v, known := value(r.FormValue("query"))
		if r.Form.Has("step") {
			kind = "matrix"
			var samples []any
			start, end, step := number(r, "start"), number(r, "end"), number(r, "step")
			for at := start; known && step > 0 && at <= end+step/1000; at += step {
				samples = append(samples, []any{at, fmt.Sprint(v)})
			}
			for i := range services {
				if len(samples) > 0 {
					result = append(result, map[string]any{"metric": map[string]string{"namespace": shop, "workload": name(i)}, "values": samples})
				}
			}
		}
		w.Header().Set("Content-Type", "application/json")
		// A client that is gone needs no answer.
		_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": map[string]any{"resultType": kind, "result": result}})
	}))
}

func number(r *http.Request, field string) float64 {
	n, err := strconv.ParseFloat(r.FormValue(field), 64)
	if err != nil {
		return 0
	}
	return n
}
