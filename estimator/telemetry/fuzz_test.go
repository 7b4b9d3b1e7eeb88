package telemetry

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"testing"

	"github.com/deepscaler/deepscaler/estimator"
)

// canned answers every request with one body, without a network.
type canned struct{ body []byte }

func (c *canned) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode:    http.StatusOK,
		Header:        http.Header{"Content-Type": {"application/json"}},
		Body:          io.NopCloser(bytes.NewReader(c.body)),
		ContentLength: -1,
	}, nil
}

// newCannedSource returns a source whose Prometheus and Jaeger answer so.
func newCannedSource(tb testing.TB, answer http.RoundTripper, steps int) *Source {
	tb.Helper()
	cfg := DefaultConfig()
	cfg.Prometheus.URL = "http://prometheus"
	cfg.Jaeger.URL = "http://jaeger"
	s, err := New(cfg, estimator.DefaultFeatures(), steps, testStep)
	if err != nil {
		tb.Fatal(err)
	}
	s.server.client.Transport = answer
	s.jaeger.server.client.Transport = answer
	return s
}

func FuzzPrometheusAnswer(f *testing.F) {
	const metric = `"metric":{"namespace":"shop","workload":"web"}`
	const edge = `"metric":{"source_workload":"web","source_workload_namespace":"shop","destination_workload":"cart","destination_workload_namespace":"shop"}`
	end := testEnd.Unix()
	for _, result := range []string{
		fmt.Sprintf(`"matrix","result":[{%s,"values":[[%d,"1"],[%d,"NaN"]]}]`, metric, end-30, end),
		fmt.Sprintf(`"matrix","result":[{%s,"values":[[%d.000,"1e308"]]},{%s,"values":[]}]`, metric, end, metric),
		fmt.Sprintf(`"matrix","result":[{%s,"values":[[%d,"-Inf"]],"histograms":null},null]`, metric, end),
		fmt.Sprintf(`"vector","result":[{%s,"value":[%d,"3"]},{"metric":{},"value":[%d,"+Inf"]}]`, edge, end, end),
		fmt.Sprintf(`"scalar","result":[%d,"1"]`, end),
		`"matrix","result":null`,
	} {
		f.Add([]byte(`{"status":"success","data":{"resultType":` + result + `},"warnings":["w"]}`))
	}
	f.Add([]byte(`{"status":"error","errorType":"bad_data","error":"x"}`))
	f.Add([]byte(`<html>`))
	f.Add([]byte(`{"status":"success","data":null}`))

	answer := &canned{}
	s := newCannedSource(f, answer, testSteps)
	services := []estimator.Service{cart, web}
	rows := map[estimator.Service]int{cart: 0, web: 1}
	query := s.newQuery(services, s.step)

	f.Fuzz(func(t *testing.T, body []byte) {
		answer.body = body
		w := estimator.NewWindow(services, s.features, s.steps, s.step, testEnd)
		cpu := w.Channel(estimator.CPU)
		findings, err := s.readFeature(t.Context(), w, cpu, rows, query)
		current := false
		for i, v := range w.Values {
			if math.IsInf(v, 0) || v < 0 {
				t.Errorf("value %d is %v", i, v)
			}
			if !math.IsNaN(v) && i%len(w.Features) != cpu {
				t.Errorf("value %d is of another feature", i)
			}
		}
		for n := range services {
			current = current || !math.IsNaN(w.At(n, s.steps-1, cpu))
		}
		lacking := slices.ContainsFunc(findings, func(e *Error) bool { return e.Kind == NoData || e.Kind == Stale })
		if err == nil && !current && !lacking {
			t.Error("no finding, but no sample at the end of the window")
		}

		if calls, _ := s.readMesh(t.Context(), rows, query, testEnd); len(calls) > 0 {
			w.Calls = newCallGraph(calls)
			if err := w.Validate(); err != nil {
				t.Error(err)
			}
		}
	})
}

func FuzzJaegerAnswer(f *testing.F) {
	f.Add([]byte(`{"data":[{"parent":"web","child":"cart.shop","callCount":12}],"total":0,"limit":0,"offset":0,"errors":null}`))
	f.Add([]byte(`{"data":[{"parent":"web","child":"cart","callCount":18446744073709551615},{"parent":"web","child":"cart","callCount":18446744073709551615}]}`))
	f.Add([]byte(`{"data":null,"errors":[{"code":500,"msg":"storage is down"}]}`))
	f.Add([]byte(`{"data":[{"parent":"web","child":"cart","callCount":-1}]}`))
	f.Add([]byte(`<!doctype html>`))

	answer := &canned{}
	s := newCannedSource(f, answer, testSteps)
	services := []estimator.Service{cart, web}
	rows := map[estimator.Service]int{cart: 0, web: 1}

	f.Fuzz(func(t *testing.T, body []byte) {
		answer.body = body
		calls, warnings := s.jaeger.read(t.Context(), rows, testEnd)
		if len(calls) == 0 && len(warnings) == 0 {
			t.Error("no calls, but no warning")
		}
		w := estimator.NewWindow(services, s.features, s.steps, s.step, testEnd)
		w.Calls = newCallGraph(calls)
		if err := w.Validate(); err != nil {
			t.Error(err)
		}
	})
}
