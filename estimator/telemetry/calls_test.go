package telemetry

import (
	"cmp"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator"
)

func TestCallsFromTheMesh(t *testing.T) {
	const huge = "1.7e308"
	db := estimator.Service{Namespace: "data", Name: "db"}
	fake := newFake(t)
	fake.series[CallsQuery] = []fakeSeries{
		call("istio-system", "gateway", web, "8"),
		call("unknown", "unknown", web, "0.5"),
		call("shop", "web", cart, "4"),
		call("shop", "cart", cart, "0"), // exists, but was not used
		call("shop", "cart", db, "2"),
		call("shop", "web", estimator.Service{Namespace: "elsewhere", Name: "db"}, "3"),
		call("shop", "db", db, "NaN"),
		call("shop", "web", db, "-1"),
		call("other", "a", db, huge),
		call("other", "b", db, huge),
	}
	w, warnings, err := newSource(t, fake).Window(t.Context(), []estimator.Service{web, db, cart}, testEnd)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Validate(); err != nil {
		t.Error(err)
	}
	// Rows: data/db, shop/cart, shop/web.
	want := []estimator.Call{
		{Source: estimator.Outside, Destination: 2, Rate: 8.5},
		{Source: 1, Destination: 0, Rate: 2},
		{Source: 1, Destination: 1, Rate: 0},
		{Source: 2, Destination: 1, Rate: 4},
	}
	if diff := gocmp.Diff(want, w.Calls.Calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0].Explain(), "4 of 10 edges") {
		t.Errorf("warnings %v, want one of 4 impossible rates", warnings)
	}
}

func TestCallsDoNotDependOnTheOrderOfTheAnswer(t *testing.T) {
	fake := newFake(t)
	edges := []fakeSeries{call("x", "a", web, "0.1"), call("x", "b", web, "0.2"), call("x", "c", web, "0.3")}
	var rates []float64
	for range 2 {
		fake.series[CallsQuery] = edges
		w, _, err := newSource(t, fake).Window(t.Context(), []estimator.Service{web}, testEnd)
		if err != nil {
			t.Fatal(err)
		}
		rates = append(rates, w.Calls.Calls[0].Rate)
		edges = slices.Clone(edges)
		slices.Reverse(edges)
	}
	if rates[0] != rates[1] {
		t.Errorf("rates %v and %v differ", rates[0], rates[1])
	}
}

func TestWindowDoesWithoutCalls(t *testing.T) {
	for name, tc := range map[string]struct {
		answer  http.HandlerFunc
		want    string
		timeout time.Duration
	}{
		"error":    {answer(500, "text/plain", "no"), "500", 0},
		"HTML":     {answer(200, "text/html", "<html>"), "not JSON", 0},
		"empty":    {answer(200, "application/json", `{"status":"success","data":{"resultType":"vector","result":[]}}`), ": none of the 0 edges", 0},
		"null":     {answer(200, "application/json", `{"status":"success","data":{"resultType":"vector","result":[null]}}`), ": none of the 1 edges", 0},
		"a matrix": {matrix(""), "it is a matrix", 0},
		"hung":     {hang(false), "prometheus.timeout", time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			fake := newFake(t)
			fake.handlers[CallsQuery] = tc.answer
			s := newSource(t, fake, func(c *Config) { c.Prometheus.Timeout = cmp.Or(tc.timeout, c.Prometheus.Timeout) })
			w, warnings, err := s.Window(t.Context(), []estimator.Service{web, cart}, testEnd)
			if err != nil {
				t.Fatal(err)
			}
			if w.Calls != nil {
				t.Errorf("calls %v, want none", w.Calls)
			}
			if last := len(warnings) - 1; last < 0 || warnings[last].Feature != CallsQuery || !strings.Contains(warnings[last].Explain(), tc.want) {
				t.Errorf("warnings %v, want %q", warnings, tc.want)
			}
		})
	}
}

func TestCallsFromMeshAndTraces(t *testing.T) {
	noMesh := answer(200, "application/json", `{"status":"success","data":{"resultType":"vector","result":[]}}`)
	broken := answer(500, "text/plain", "no")
	traces := answer(200, "application/json",
		`{"data":[{"parent":"web","child":"cart.shop","callCount":7200},{"parent":"cart","child":"web","callCount":3600},{"parent":"jaeger","child":"web","callCount":1}]}`)
	const outside = estimator.Outside

	for name, tc := range map[string]struct {
		mesh, jaeger http.HandlerFunc
		want         []estimator.Call
		warned       []string
		timeout      time.Duration
	}{
		"rates of the mesh, edges of both": {nil, traces, []estimator.Call{
			{Source: outside, Destination: 1, Rate: 8}, {Source: 0, Destination: 1, Rate: 0}, {Source: 1, Destination: 0, Rate: 4}}, nil, 0},
		"no mesh": {noMesh, traces, []estimator.Call{
			{Source: 0, Destination: 1, Rate: 1}, {Source: 1, Destination: 0, Rate: 2}}, nil, 0},
		"mesh broken": {broken, traces, []estimator.Call{
			{Source: 0, Destination: 1, Rate: 1}, {Source: 1, Destination: 0, Rate: 2}}, []string{"calls"}, 0},
		"jaeger broken": {nil, broken, []estimator.Call{
			{Source: outside, Destination: 1, Rate: 8}, {Source: 1, Destination: 0, Rate: 4}}, []string{"jaeger"}, 0},
		"jaeger hung": {nil, hang(true), []estimator.Call{
			{Source: outside, Destination: 1, Rate: 8}, {Source: 1, Destination: 0, Rate: 4}}, []string{"jaeger"}, 200 * time.Millisecond},
		"both broken": {broken, broken, nil, []string{"calls", "jaeger"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			fake := newFake(t)
			if tc.mesh != nil {
				fake.handlers[CallsQuery] = tc.mesh
			}
			jaeger := httptest.NewServer(tc.jaeger)
			defer jaeger.Close()
			s := newSource(t, fake, func(c *Config) {
				c.Jaeger.URL = jaeger.URL
				c.Jaeger.Timeout = cmp.Or(tc.timeout, c.Jaeger.Timeout)
			})
			w, warnings, err := s.Window(t.Context(), []estimator.Service{web, cart}, testEnd)
			if err != nil {
				t.Fatal(err)
			}
			var got []estimator.Call
			if w.Calls != nil {
				got = w.Calls.Calls
			}
			if diff := gocmp.Diff(tc.want, got); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			var warned []string
			for _, warning := range warnings {
				warned = append(warned, warning.Feature)
			}
			if diff := gocmp.Diff(tc.warned, warned); diff != "" {
				t.Errorf("sources of warnings (-want +got):\n%s\n%v", diff, warnings)
			}
		})
	}
}
