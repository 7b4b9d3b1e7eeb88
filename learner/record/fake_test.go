package record

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

const testStep = 30 * time.Second

// testNow is a multiple of testStep.
var testNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// fake is a Prometheus, and a Jaeger, that know the past of cart and web. A query
// is the name of a feature instead of PromQL.
type fake struct {
	t *testing.T
	// absent says which samples there are not.
	absent func(feature, service string, at time.Time) bool
	// calls are the rates of the mesh, by source and destination.
	calls map[[2]string]string
	// namespaces are those that have cart and web; shop unless it is set.
	namespaces []string
	// extra is added to the answer to a range query, beside its data.
	extra func(form url.Values) string
	// dependencies is the answer of Jaeger.
	dependencies string

	mu        sync.Mutex
	intercept interceptor
	asked     []url.Values // range queries for features
	paths     []string
}

// interceptor may answer in place of the fake; it then returns true.
type interceptor func(w http.ResponseWriter, form url.Values) bool

// answer sets what answers first; nil for nothing.
func (f *fake) answer(i interceptor) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.intercept = i
}

func newFake(t *testing.T) *fake {
	t.Helper()
	return &fake{t: t, namespaces: []string{"shop"}, calls: map[[2]string]string{{"gateway", "web"}: "8", {"web", "cart"}: "4"}}
}

var services = []string{"cart", "web"}

// value is what a feature of a service is at a time: any number, but always the
// same one.
func value(feature, service string, at time.Time) float64 {
	h := fnv.New32a()
	fmt.Fprint(h, feature, service, at.Unix())
	return float64(h.Sum32()) / 1e6
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		f.t.Error(err)
	}
	f.mu.Lock()
	f.paths = append(f.paths, r.URL.Path)
	intercept := f.intercept
	f.mu.Unlock()
	if intercept != nil && intercept(w, r.Form) {
		return
	}
	switch {
	case r.URL.Path == "/api/dependencies":
		fmt.Fprint(w, f.dependencies)
	case strings.HasPrefix(r.URL.Path, "/api/v1/label/"):
		fmt.Fprint(w, `{"status":"success","data":["web","unknown","cart"]}`)
	case r.Form.Get("query") == telemetry.CallsQuery:
		f.answerCalls(w)
	case !r.Form.Has("step"): // a check, which finds nothing
		fmt.Fprint(w, `{"status":"success","data":{"resultType":"vector","result":[]}}`)
	default:
		f.answerFeature(w, r.Form)
	}
}

func (f *fake) answerCalls(w http.ResponseWriter) {
	var out []string
	for pair, rate := range f.calls {
		out = append(out, fmt.Sprintf(`{"metric":{"source_workload_namespace":"shop","source_workload":%q,`+
			`"destination_workload_namespace":"shop","destination_workload":%q},"value":[0,%q]}`, pair[0], pair[1], rate))
	}
	fmt.Fprintf(w, `{"status":"success","data":{"resultType":"vector","result":[%s]}}`, strings.Join(out, ","))
}

func (f *fake) answerFeature(w http.ResponseWriter, form url.Values) {
	f.mu.Lock()
	f.asked = append(f.asked, form)
	f.mu.Unlock()
	start, end, feature := f.seconds(form.Get("start")), f.seconds(form.Get("end")), form.Get("query")
	var series []string
	for _, service := range services {
		var samples []string
		for at := start; at <= end; at += int64(testStep / time.Second) {
			if when := time.Unix(at, 0); f.absent == nil || !f.absent(feature, service, when) {
				samples = append(samples, fmt.Sprintf(`[%d,"%v"]`, at, value(feature, service, when)))
			}
		}
		for _, namespace := range f.namespaces {
			if len(samples) > 0 {
				series = append(series, fmt.Sprintf(`{"metric":{"namespace":%q,"workload":%q},"values":[%s]}`, namespace, service, strings.Join(samples, ",")))
			}
		}
	}
	extra := ""
	if f.extra != nil {
		extra = f.extra(form)
	}
	fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[%s]}%s}`, strings.Join(series, ","), extra)
}

func (f *fake) seconds(text string) int64 {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		f.t.Error(err)
	}
	return int64(v)
}

// columns returns, for every range query so far, how many steps it asked for
// and at what time they begin, and forgets them.
func (f *fake) columns() (steps []int, starts []time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, form := range f.asked {
		start, end := f.seconds(form.Get("start")), f.seconds(form.Get("end"))
		steps = append(steps, int((end-start)/int64(testStep/time.Second))+1)
		starts = append(starts, time.Unix(start, 0).UTC())
	}
	f.asked = nil
	return steps, starts
}

// bench is a folder and a fake with which to run recordings of 100 steps.
type bench struct {
	t      *testing.T
	fake   *fake
	url    string
	folder string
	waits  []time.Duration
	now    time.Time
	out    bytes.Buffer
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, fake: newFake(t), folder: t.TempDir(), now: testNow}
	server := httptest.NewServer(b.fake)
	t.Cleanup(server.Close)
	b.url = server.URL

	queries := map[string]string{telemetry.CallsQuery: telemetry.CallsQuery}
	for _, f := range estimator.DefaultFeatures() {
		queries[string(f)] = string(f)
	}
	// JSON is YAML.
	data, err := json.Marshal(map[string]any{"kind": "Something", "telemetry": map[string]any{"queries": queries}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(b.path("config.yaml"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bench) path(name string) string { return filepath.Join(b.folder, name) }

// options are those of a recording of 100 steps in chunks of 16.
func (b *bench) options(change ...func(*Options)) *Options {
	o := NewOptions()
	o.Step = testStep
	o.ConfigFile = b.path("config.yaml")
	o.PrometheusURL = b.url
	o.Namespaces = []string{"shop"}
	o.Services = []string{"web", "cart"}
	o.Start = "-50m"
	o.Out = b.path("out.csv")
	o.GraphOut = b.path("graph.csv")
	o.Columns = 16
	for _, f := range change {
		f(o)
	}
	return o
}

func (b *bench) config(change ...func(*Options)) *Config {
	b.t.Helper()
	o := b.options(change...)
	if err := o.Validate(); err != nil {
		b.t.Fatal(err)
	}
	c, err := o.Config(&b.out, func() time.Time { return b.now })
	if err != nil {
		b.t.Fatal(err)
	}
	c.wait = func(ctx context.Context, d time.Duration) error {
		b.waits = append(b.waits, d)
		return ctx.Err()
	}
	return c
}

func (b *bench) run(change ...func(*Options)) error {
	b.t.Helper()
	return b.config(change...).Run(b.t.Context())
}

func (b *bench) read(name string) string {
	b.t.Helper()
	data, err := os.ReadFile(b.path(name))
	if err != nil {
		b.t.Fatal(err)
	}
	return string(data)
}

func (b *bench) exists(name string) bool {
	_, err := os.Stat(b.path(name))
	return err == nil
}
