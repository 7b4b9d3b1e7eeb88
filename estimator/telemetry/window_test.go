package telemetry

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deepscaler/deepscaler/estimator"
)

func TestWindowHoldsEveryFeatureOfEveryService(t *testing.T) {
	fake := newFake(t)
	fake.series["cpu"][0].at = func(at time.Time) string {
		if at.Equal(testEnd.Add(-testStep)) {
			return "" // a gap
		}
		return "0.5"
	}
	s := newSource(t, fake)

	w, warnings, err := s.Window(t.Context(), []estimator.Service{web, cart}, testEnd)
	if err != nil {
		t.Fatal(err)
	}
	if len(warnings) > 0 {
		t.Errorf("warnings: %v", warnings)
	}
	if err := w.Validate(); err != nil {
		t.Error(err)
	}
	nan := math.NaN()
	want := &estimator.Window{
		Services: []estimator.Service{cart, web},
		Features: estimator.DefaultFeatures(),
		Step:     testStep,
		Steps:    testSteps,
		End:      testEnd,
		Values: []float64{
			1, 2, 3, 4, 5, 10, 0.5, 12, 13, 14,
			1, 2, 3, 4, 5, 10, 0.5, 12, 13, 14,
			1, 2, 3, 4, 5, 10, nan, 12, 13, 14,
			1, 2, 3, 4, 5, 10, 0.5, 12, 13, 14,
		},
		Calls: &estimator.CallGraph{Calls: []estimator.Call{
			{Source: estimator.Outside, Destination: 1, Rate: 8},
			{Source: 1, Destination: 0, Rate: 4},
		}},
	}
	if diff := cmp.Diff(want, w, cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("window (-want +got):\n%s", diff)
	}
}

func TestWindowAsksOncePerFeatureForAllServices(t *testing.T) {
	fake := newFake(t)
	s := newSource(t, fake, func(c *Config) {
		for name := range c.Queries {
			c.Queries[name] += "{{with .}}{{end}}" // renders to nothing
		}
		c.RateWindow = time.Minute
		c.Queries["cpu"] = `cpu {{.Namespaces}} {{.RateWindow}} {{.HalfRateWindow}} {{.Step}} {{.Span}}`
	})
	other := estimator.Service{Namespace: "a.b", Name: "web"}
	rendered := `cpu a\\.b|shop 1m 30s 30s 2m`
	fake.series[rendered] = fake.series["cpu"]

	if _, _, err := s.Window(t.Context(), []estimator.Service{web, other, cart}, testEnd.Add(7*time.Second)); err != nil {
		t.Fatal(err)
	}
	checks := 0
	var queries []string
	for _, a := range fake.asked() {
		query := a.form.Get("query")
		queries = append(queries, query)
		if query == CallsQuery {
			if got := fake.parse(a.form.Get("time")); a.path != "/api/v1/query" || !got.Equal(testEnd) {
				t.Errorf("%s at %v, want the instant %v", a.path, got, testEnd)
			}
			continue
		}
		if a.path == "/api/v1/query" {
			checks++
			queries = queries[:len(queries)-1]
			continue
		}
		start, end := fake.parse(a.form.Get("start")), fake.parse(a.form.Get("end"))
		if a.path != "/api/v1/query_range" || !start.Equal(testEnd.Add(-3*testStep)) || !end.Equal(testEnd) || a.form.Get("step") != "30" {
			t.Errorf("%s from %v to %v by %ss, want the four columns up to %v", a.path, start, end, a.form.Get("step"), testEnd)
		}
		if got := a.form.Get("timeout"); got != "10s" {
			t.Errorf("%s: timeout %q is left to the server, want 10s", query, got)
		}
	}
	if checks != 3 {
		t.Errorf("%d queries are for checks, want 3", checks)
	}
	want := []string{"calls", rendered, "latency", "memory", "replicas", "requests"}
	if diff := cmp.Diff(want, queries); diff != "" {
		t.Errorf("queries (-want +got):\n%s", diff)
	}
}

func TestWindowRejectsServicesThatMakeNoRows(t *testing.T) {
	s := newSource(t, newFake(t))
	for want, services := range map[string][]estimator.Service{
		"no services":               nil,
		"shop/web occurs twice":     {web, cart, web},
		"no services to read telem": {},
	} {
		if _, _, err := s.Window(t.Context(), services, testEnd); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("services %v: error %v, want %q", services, err, want)
		}
	}
}

func TestWindowIgnoresOtherServices(t *testing.T) {
	fake := newFake(t)
	for name := range fake.series {
		fake.series[name] = append(fake.series[name], of(estimator.Service{Namespace: "shop", Name: "batch"}, "99"),
			fakeSeries{labels: map[string]string{"job": "x"}, value: "99"})
	}
	w, warnings, err := newSource(t, fake).Window(t.Context(), []estimator.Service{cart}, testEnd)
	if err != nil || len(warnings) > 0 {
		t.Fatal(warnings, err)
	}
	if diff := cmp.Diff([]float64{1, 2, 3, 4, 5}, w.Values[:5]); diff != "" {
		t.Error(diff)
	}
	want := []estimator.Call{{Source: estimator.Outside, Destination: 0, Rate: 4}}
	if diff := cmp.Diff(want, w.Calls.Calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestNewRejectsShapesThatCannotBeRead(t *testing.T) {
	valid := func() Config {
		cfg := DefaultConfig()
		cfg.Prometheus.URL = "http://prometheus:9090"
		return cfg
	}
	features := estimator.DefaultFeatures()
	for name, tc := range map[string]struct {
		change   func(*Config)
		features []estimator.Feature
		steps    int
		step     time.Duration
		want     string
	}{
		"no steps":            {nil, features, 0, testStep, "steps is 0"},
		"too many steps":      {nil, features, 11001, testStep, "steps is 11001"},
		"no step":             {nil, features, 12, 0, "step is 0s"},
		"fraction of a ms":    {nil, features, 12, 1500 * time.Microsecond, "whole milliseconds"},
		"step beyond rate":    {nil, features, 12, 2 * time.Minute, "rateWindow is 30s"},
		"no features":         {nil, nil, 12, testStep, "no features"},
		"feature twice":       {nil, []estimator.Feature{"cpu", "cpu"}, 12, testStep, `"cpu" occurs twice`},
		"feature of no query": {nil, []estimator.Feature{"disk"}, 12, testStep, "queries.disk: is required"},
		"query of no feature": {func(c *Config) { c.Queries = map[string]string{"cpus": "x"} }, features, 12, testStep, "queries.cpus: no such feature"},
		"bad configuration":   {func(c *Config) { c.Prometheus.URL = "" }, features, 12, testStep, "prometheus.url: is required"},
		"CA file missing":     {func(c *Config) { c.Prometheus.HTTP.TLSConfig.CAFile = "/nonexistent/ca.crt" }, features, 12, testStep, "/nonexistent/ca.crt"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := valid()
			if tc.change != nil {
				tc.change(&cfg)
			}
			if _, err := New(cfg, tc.features, tc.steps, tc.step); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
	custom := valid()
	custom.Queries = map[string]string{"disk": "disk_used"}
	if _, err := New(custom, []estimator.Feature{"disk", estimator.CPU}, 12, testStep); err != nil {
		t.Errorf("a feature with a query of its own: %v", err)
	}
}
