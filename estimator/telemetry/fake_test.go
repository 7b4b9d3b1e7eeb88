package telemetry

import (
	"cmp"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

const (
	testStep  = 30 * time.Second
	testSteps = 4
)

var (
	testEnd = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	cart    = estimator.Service{Namespace: "shop", Name: "cart"}
	web     = estimator.Service{Namespace: "shop", Name: "web"}
)

// fakePrometheus answers the Prometheus HTTP API without evaluating PromQL: a
// query is a name, and an answer is looked up under it. What the queries of the
// presets mean to a real Prometheus is for the end-to-end tests to say.
type fakePrometheus struct {
	t *testing.T
	// now is up to when there are samples.
	now time.Time
	// series holds the answer to each query.
	series map[string][]fakeSeries
	// handlers take precedence over series.
	handlers map[string]http.HandlerFunc
	// extra is added to the answer to a query, beside its data.
	extra map[string]string

	mu   sync.Mutex
	asks []ask
}

// fakeSeries is a constant series unless at says otherwise.
type fakeSeries struct {
	labels map[string]string
	value  string
	at     func(time.Time) string
}

type ask struct {
	path string
	form url.Values
}

func of(s estimator.Service, value string) fakeSeries {
	return fakeSeries{labels: map[string]string{"namespace": s.Namespace, "workload": s.Name}, value: value}
}

// newFake returns a Prometheus that knows everything about cart and web.
func newFake(t *testing.T) *fakePrometheus {
	t.Helper()
	f := &fakePrometheus{t: t, now: testEnd, series: map[string][]fakeSeries{}, handlers: map[string]http.HandlerFunc{}}
	for i, feature := range estimator.DefaultFeatures() {
		f.series[string(feature)] = []fakeSeries{of(web, fmt.Sprint(i+10)), of(cart, fmt.Sprint(i+1))}
	}
	f.series[CallsQuery] = []fakeSeries{call("istio-system", "gateway", web, "8"), call("shop", "web", cart, "4")}
	return f
}

func call(sourceNamespace, source string, destination estimator.Service, rate string) fakeSeries {
	return fakeSeries{value: rate, labels: map[string]string{
		"source_workload_namespace":      sourceNamespace,
		"source_workload":                source,
		"destination_workload_namespace": destination.Namespace,
		"destination_workload":           destination.Name,
	}}
}

func (f *fakePrometheus) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		f.t.Error(err)
	}
	f.mu.Lock()
	f.asks = append(f.asks, ask{r.URL.Path, r.Form})
	f.mu.Unlock()

	name := r.Form.Get("query")
	if handle, ok := f.handlers[name]; ok {
		handle(w, r)
		return
	}
	kind, key := "vector", "value"
	times := f.times(r.Form)
	if r.Form.Has("step") {
		kind, key = "matrix", "values"
	}

	var series []string
	for _, s := range f.series[name] {
		var samples []string
		for _, at := range times {
			value := s.value
			if s.at != nil {
				value = s.at(at)
			}
			if value != "" {
				samples = append(samples, fmt.Sprintf(`[%d,%q]`, at.Unix(), value))
			}
		}
		if len(samples) == 0 {
			continue
		}
		values := strings.Join(samples, ",")
		if kind == "matrix" {
			values = "[" + values + "]"
		}
		series = append(series, fmt.Sprintf(`{"metric":%s,%q:%s}`, labelsJSON(s.labels), key, values))
	}
	_, _ = fmt.Fprintf(w, `{"status":"success","data":{"resultType":%q,"result":[%s]}%s}`, kind, strings.Join(series, ","), f.extra[name])
}

// times returns the times a query asks for of which there are samples.
func (f *fakePrometheus) times(form url.Values) []time.Time {
	if !form.Has("step") {
		return []time.Time{f.parse(form.Get("time"))}
	}
	step, err := time.ParseDuration(form.Get("step") + "s")
	if err != nil {
		f.t.Error(err)
	}
	var times []time.Time
	for at := f.parse(form.Get("start")); !at.After(f.parse(form.Get("end"))) && !at.After(f.now); at = at.Add(step) {
		times = append(times, at)
	}
	return times
}

func (f *fakePrometheus) parse(seconds string) time.Time {
	s, err := strconv.ParseFloat(seconds, 64)
	if err != nil {
		f.t.Errorf("time %q: %v", seconds, err)
	}
	return time.UnixMilli(int64(s * 1000)).UTC()
}

// asked returns what was asked, by query.
func (f *fakePrometheus) asked() []ask {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.SortedFunc(slices.Values(f.asks), func(a, b ask) int {
		return cmp.Compare(a.form.Get("query"), b.form.Get("query"))
	})
}

func labelsJSON(labels map[string]string) string {
	var parts []string
	for name, value := range labels {
		parts = append(parts, fmt.Sprintf("%q:%q", name, value))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// namedQueries makes every query its own name, as fakePrometheus wants.
func namedQueries() map[string]string {
	queries := map[string]string{CallsQuery: CallsQuery}
	for _, f := range estimator.DefaultFeatures() {
		queries[string(f)] = string(f)
	}
	return queries
}

// newSource returns a source that asks the handler; adjust may change its
// configuration.
func newSource(t *testing.T, prometheus http.Handler, adjust ...func(*Config)) *Source {
	t.Helper()
	server := httptest.NewServer(prometheus)
	t.Cleanup(server.Close)
	cfg := DefaultConfig()
	cfg.Prometheus.URL = server.URL
	cfg.Queries = namedQueries()
	for _, change := range adjust {
		change(&cfg)
	}
	s, err := New(cfg, estimator.DefaultFeatures(), testSteps, testStep)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}
