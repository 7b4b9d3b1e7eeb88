package telemetry

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator"
)

func newTestJaeger(t *testing.T, handler http.Handler, adjust ...func(*Jaeger)) *jaeger {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	cfg := DefaultConfig().Jaeger
	cfg.URL = server.URL + "/tracing"
	for _, change := range adjust {
		change(&cfg)
	}
	j, err := newJaeger(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(j.server.client.CloseIdleConnections)
	return j
}

func TestJaegerIsAskedForTheLookback(t *testing.T) {
	var got string
	j := newTestJaeger(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.URL.String()
		answer(200, "application/json", `{"data":[]}`)(w, r)
	}))
	_, _ = j.read(t.Context(), map[estimator.Service]int{web: 0}, testEnd)
	if want := "/tracing/api/dependencies?endTs=1772366400000&lookback=3600000"; got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
}

func TestTracedCallsMapNamesToServices(t *testing.T) {
	other := estimator.Service{Namespace: "stage", Name: "cart"}
	rows := map[estimator.Service]int{cart: 0, web: 1, other: 2}
	for name, tc := range map[string]struct {
		dependencies []dependency
		want         map[edge]float64
		ambiguous    []string
	}{
		"bare name that only one namespace has": {[]dependency{{"web", "web", 10}}, map[edge]float64{{1, 1}: 1}, nil},
		"name.namespace":                        {[]dependency{{"web.shop", "cart.stage", 20}}, map[edge]float64{{1, 2}: 2}, nil},
		"both names of one service add up":      {[]dependency{{"web", "cart.shop", 10}, {"web.shop", "cart.shop", 20}}, map[edge]float64{{1, 0}: 3}, nil},
		"name in two namespaces":                {[]dependency{{"web", "cart", 10}, {"cart", "web", 10}}, map[edge]float64{}, []string{"cart"}},
		"strangers":                             {[]dependency{{"web", "db", 10}, {"lb", "web", 10}, {"web.stage", "cart.shop", 10}}, map[edge]float64{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, ambiguous := tracedCalls(rows, tc.dependencies, 10*time.Second)
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(edge{})); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.ambiguous, ambiguous); diff != "" {
				t.Errorf("ambiguous (-want +got):\n%s", diff)
			}
		})
	}
}

func TestJaegerThatCannotBeUsed(t *testing.T) {
	body := func(s string) http.Handler { return answer(200, "application/json", s) }
	for name, tc := range map[string]struct {
		handler http.Handler
		want    string
	}{
		"HTML":              {answer(200, "text/html", "<!doctype html>"), "not JSON"},
		"status":            {answer(502, "text/plain", "bad gateway"), "502 Bad Gateway"},
		"truncated":         {body(`{"data":[{"parent":"web"`), "unexpected end of JSON"},
		"negative count":    {body(`{"data":[{"parent":"web","child":"cart","callCount":-1}]}`), "callCount"},
		"count of NaN":      {body(`{"data":[{"parent":"web","child":"cart","callCount":NaN}]}`), "invalid character 'N'"},
		"errors":            {body(`{"data":null,"errors":[{"code":500,"msg":"storage is down"}]}`), "storage is down"},
		"empty":             {body(`{"data":null}`), "none of its 0 dependencies in the last 1h0m0s (jaeger.lookback)"},
		"other services":    {body(`{"data":[{"parent":"a","child":"b","callCount":1}]}`), "none of its 1 dependencies"},
		"larger than limit": {body(`{"data":[` + strings.Repeat(" ", 2000) + `]}`), "larger than maxResponseBytes (1000)"},
	} {
		t.Run(name, func(t *testing.T) {
			j := newTestJaeger(t, tc.handler, func(c *Jaeger) { c.MaxResponseBytes = 1000 })
			calls, warnings := j.read(t.Context(), map[estimator.Service]int{web: 0, cart: 1}, testEnd)
			if len(calls) > 0 {
				t.Errorf("calls %v, want none", calls)
			}
			if len(warnings) != 1 || !strings.HasPrefix(warnings[0].Explain(), "jaeger: ") || !strings.Contains(warnings[0].Explain(), tc.want) {
				t.Errorf("warnings %v, want %q", warnings, tc.want)
			}
		})
	}
}

func TestHungJaegerEndsAtItsTimeout(t *testing.T) {
	j := newTestJaeger(t, hang(false), func(c *Jaeger) { c.Timeout = 20 * time.Millisecond })
	_, warnings := j.read(context.Background(), map[estimator.Service]int{web: 0}, testEnd)
	if len(warnings) != 1 || !strings.Contains(warnings[0].Explain(), "within jaeger.timeout") {
		t.Errorf("warnings %v, want the timeout", warnings)
	}
}
