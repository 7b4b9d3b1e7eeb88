package exposition_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/deepscaler/deepscaler/test/testbed/exposition"
	"github.com/deepscaler/deepscaler/test/testbed/internal/steady"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

// still is an engine that nobody moves but the test.
type still struct{ *simulation.Engine }

func (s still) Read(read func(*simulation.Engine)) { read(s.Engine) }

func running(t testing.TB, name string, rps float64) *simulation.Engine {
	t.Helper()
	e, _ := steady.Engine(t, name, rps)
	e.Run(60)
	return e
}

func handler(t testing.TB, e *simulation.Engine) http.Handler {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(exposition.New(still{e}, "shop")); err != nil {
		t.Fatal(err)
	}
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.HTTPErrorOnError})
}

// scrape returns the value of every series, counts and sums of histograms included,
// by name and sorted labels.
func scrape(t testing.TB, e *simulation.Engine) map[string]float64 {
	t.Helper()
	w := httptest.NewRecorder()
	handler(t, e).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	if w.Code != http.StatusOK {
		t.Fatalf("scrape: %d %s", w.Code, w.Body)
	}
	decoder := expfmt.NewDecoder(strings.NewReader(w.Body.String()), expfmt.NewFormat(expfmt.TypeTextPlain))
	samples := expfmt.SampleDecoder{Dec: decoder, Opts: &expfmt.DecodeOptions{}}
	series := make(map[string]float64)
	for {
		var v model.Vector
		if err := samples.Decode(&v); errors.Is(err, io.EOF) {
			return series
		} else if err != nil {
			t.Fatal(err)
		}
		for _, s := range v {
			series[s.Metric.String()] = float64(s.Value)
		}
	}
}

// sum adds the series of a name that hold all of these labels.
func sum(series map[string]float64, name string, labels ...string) float64 {
	total := 0.0
	for s, v := range series {
		if strings.HasPrefix(s, name+"{") && !slices.ContainsFunc(labels, func(l string) bool { return !strings.Contains(s, l) }) {
			total += v
		}
	}
	return total
}

// The names and labels are those that dashboards and rules for Istio, cAdvisor and
// kube-state-metrics are written for.
func TestNamesAndLabels(t *testing.T) {
	mesh := `connection_security_policy="mutual_tls", destination_canonical_service="details", destination_service="details.shop.svc.cluster.local", ` +
		`destination_service_name="details", destination_service_namespace="shop", destination_version="v1", destination_workload="details", destination_workload_namespace="shop", `
	source := func(workload, namespace string) string {
		return fmt.Sprintf(`request_protocol="http", response_code="200", response_flags="-", source_canonical_service=%q, source_version="v1", source_workload=%q, source_workload_namespace=%q}`,
			workload, workload, namespace)
	}
	e := running(t, "bookinfo", 20)
	pod := ""
	for _, p := range e.Pods() {
		if e.Application().Services[p.Service].Name == "details" {
			pod = p.Name
		}
	}
	cgroup := fmt.Sprintf(`container="details", id="/kubepods/burstable/pod-%s/details", image="istio/examples-bookinfo-details-v1", name="details", namespace="shop", pod=%q}`, pod, pod)
	whole := fmt.Sprintf(`id="/kubepods/burstable/pod-%s", namespace="shop", pod=%q}`, pod, pod)
	series := scrape(t, e)
	want := []string{
		`istio_requests_total{` + mesh + `pod="` + pod + `", reporter="destination", ` + source("productpage", "shop"),
		`istio_requests_total{` + mesh + `pod="` + pod + `", reporter="destination", ` + source("istio-ingressgateway", "istio-system"),
		`istio_requests_total{` + mesh + `reporter="source", ` + source("productpage", "shop"),
		`istio_request_duration_milliseconds_sum{` + mesh + `reporter="source", ` + source("productpage", "shop"),
		`istio_request_duration_milliseconds_count{` + mesh + `reporter="source", ` + source("productpage", "shop"),
		`container_cpu_usage_seconds_total{` + strings.Replace(cgroup, `id=`, `cpu="total", id=`, 1),
		`container_cpu_usage_seconds_total{` + strings.Replace(whole, `id=`, `cpu="total", id=`, 1),
		`container_spec_cpu_quota{` + cgroup, `container_spec_cpu_period{` + cgroup,
		`container_memory_usage_bytes{` + cgroup, `container_memory_working_set_bytes{` + cgroup, `container_spec_memory_limit_bytes{` + cgroup,
		`container_spec_memory_limit_bytes{` + whole,
		`kube_deployment_status_replicas_ready{deployment="details", namespace="shop"}`,
		`testbed_request_duration_seconds_count{application="bookinfo", namespace="shop", response_code="200"}`,
	}
	// An empty label is the same as none, and spaces do not matter.
	normal := strings.NewReplacer(" ", "", `container="",`, "", `image="",`, "", `pod="",`, "")
	have := make(map[string]float64, len(series))
	for s, v := range series {
		have[strings.ReplaceAll(normal.Replace(s), `,name="",`, ",")] = v
	}
	for _, s := range want {
		if v, ok := have[normal.Replace(s)]; !ok || v <= 0 {
			t.Errorf("no series above 0:\n%s", s)
		}
	}
	if q, p := sum(series, "container_spec_cpu_quota", `container="details"`), sum(series, "container_spec_cpu_period", `container="details"`); q/p != 0.1 {
		t.Errorf("quota ÷ period is %v, want the limit of 0.1", q/p)
	}
}

// Both reporters count the same calls, and users are counted at the entry services.
func TestReportersAgree(t *testing.T) {
	e := running(t, "online-boutique", 20)
	series := scrape(t, e)
	for i, s := range e.Application().Services {
		workload := fmt.Sprintf("destination_workload=%q", s.Name)
		source := sum(series, "istio_requests_total", workload, `reporter="source"`)
		destination := sum(series, "istio_requests_total", workload, `reporter="destination"`)
		if want := float64(e.Totals(i).Requests); source != want || destination != want || want == 0 {
			t.Errorf("%s answered %v calls; source reports %v, destination %v", s.Name, want, source, destination)
		}
		if ms, want := sum(series, "istio_request_duration_milliseconds_sum", workload, `reporter="destination"`), 1000*e.Totals(i).Seconds; ms < 0.999*want || ms > 1.001*want {
			t.Errorf("%s: %v ms, want %v", s.Name, ms, want)
		}
	}
	if got, want := sum(series, "testbed_request_duration_seconds_count"), float64(e.TakeResponses().Count); got != want {
		t.Errorf("users got %v answers, the series count %v", want, got)
	}
}

// Counters only grow while a pod lives, and go with it.
func TestSeriesFollowPods(t *testing.T) {
	e := running(t, "bookinfo", 20)
	details := e.Application().Service("details")
	e.SetPods(details, []string{"details-a", "details-b"})
	e.Run(120)
	before := scrape(t, e)
	e.Run(180)
	for s, v := range scrape(t, e) {
		if was, some := before[s]; some && v < was && (strings.Contains(s, "_total{") || strings.Contains(s, "_bucket{") || strings.Contains(s, "_count{") || strings.Contains(s, "_sum{")) {
			t.Errorf("%s fell from %v to %v", s, was, v)
		}
	}
	e.SetPods(details, []string{"details-b"})
	e.Run(200)
	after := scrape(t, e)
	for s := range after {
		if strings.Contains(s, "details-a") {
			t.Errorf("the pod is gone, its series is not: %s", s)
		}
	}
	if sum(after, "istio_requests_total", `pod="details-b"`) <= sum(before, "istio_requests_total", `pod="details-b"`) {
		t.Error("the pod that stays counts no more")
	}
}

// BenchmarkScrape41Services is one scrape of Train-Ticket with three replicas each.
func BenchmarkScrape41Services(b *testing.B) {
	e := running(b, "train-ticket", 50)
	for i := range e.Application().Services {
		if err := e.SetReplicas(i, 3); err != nil {
			b.Fatal(err)
		}
	}
	e.Run(180)
	h := handler(b, e)
	size := 0
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
		size = w.Body.Len()
	}
	b.ReportMetric(float64(size), "bytes/scrape")
}
