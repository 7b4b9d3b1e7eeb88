package telemetry

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
	"github.com/deepscaler/deepscaler/hack/controlplane"
	"github.com/deepscaler/deepscaler/test/stack"
)

// nativeNamespace is that of the fault whose latency comes as native histograms.
const nativeNamespace = "native-histograms"

// nativeHistogram serves the latency of web and cart as a classic histogram that
// Prometheus is told to convert.
func nativeHistogram(t *testing.T) *httptest.Server {
	t.Helper()
	histogram := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "istio_request_duration_milliseconds", Help: "x", Buckets: []float64{10, 100}}, //nolint:promlinter // the name is Istio's
		[]string{"reporter", "destination_workload_namespace", "destination_workload"})
	registry := prometheus.NewRegistry()
	registry.MustRegister(histogram)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for tick := time.NewTicker(20 * time.Millisecond); ; {
			select {
			case <-ctx.Done():
				tick.Stop()
				return
			case <-tick.C:
				histogram.WithLabelValues("destination", nativeNamespace, "web").Observe(50)
				histogram.WithLabelValues("destination", nativeNamespace, "cart").Observe(50)
			}
		}
	}()
	server := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	t.Cleanup(func() { server.Close(); cancel(); <-done })
	return server
}

// startPrometheus runs a Prometheus until the test ends. It is built on first use, which takes minutes.
func startPrometheus(t *testing.T) *controlplane.Cluster {
	t.Helper()
	cluster, err := controlplane.Start(t.Context(), controlplane.Options{TelemetryOnly: true, Progress: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return cluster
}

// Telemetry as other people's clusters have it is read as what it means, on a
// real Prometheus that has all of it at once.
func TestFaults(t *testing.T) {
	t.Parallel()
	cluster := startPrometheus(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()

	var past []series
	for name, f := range faults {
		all := application(namespaceOf(name))
		if f.change != nil {
			all = f.change(all)
		}
		past = append(past, all...)
	}
	target := httptest.NewServer(newHistory(past))
	t.Cleanup(target.Close)
	address := func(s *httptest.Server) string { return strings.TrimPrefix(s.URL, "http://") }
	server, err := cluster.StartPrometheus(ctx, controlplane.PrometheusOptions{Config: fmt.Appendf(nil, `
global: {scrape_interval: 5s, scrape_timeout: 5s}
scrape_configs:
- {job_name: past, static_configs: [{targets: [%q]}], metric_relabel_configs: [{regex: "job|instance", action: labeldrop}, {source_labels: [exported_job], regex: "(.+)", target_label: job}, {source_labels: [exported_instance], regex: "(.+)", target_label: instance}, {regex: "exported_(job|instance)", action: labeldrop}]}
- {job_name: native, convert_classic_histograms_to_nhcb: true, static_configs: [{targets: [%q]}]}
`, address(target), address(nativeHistogram(t)))})
	if err != nil {
		t.Fatal(err)
	}
	// A busy machine scrapes late: what Prometheus has of one namespace up to a time, it has of
	// all that the same target serves.
	var end time.Time
	if err := stack.Eventually(ctx, "Prometheus has scraped", func(ctx context.Context) error {
		at := end
		if at.IsZero() {
			at = time.Now()
		}
		w, findings, err := fault{}.read(ctx, t, server.URL(), nativeNamespace, at)
		switch {
		case err != nil:
			return err
		case len(findings) > 0:
			return findings[0]
		}
		end = at
		if rate := w.At(0, w.Steps-1, w.Channel(estimator.Requests)); !(math.Abs(rate-base[estimator.Requests]) < 1) {
			return fmt.Errorf("the newest rate is %v, want %v", rate, base[estimator.Requests])
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}

	for name, f := range faults {
		t.Run(name, func(t *testing.T) { f.check(ctx, t, server.URL(), namespaceOf(name), end) })
	}
}

func namespaceOf(fault string) string {
	return strings.ReplaceAll(strings.ReplaceAll(fault, ",", ""), " ", "-")
}

// read returns what the adapter would read at a time.
func (f fault) read(ctx context.Context, t *testing.T, url, namespace string, end time.Time) (*estimator.Window, []*telemetry.Error, error) {
	t.Helper()
	config := telemetry.DefaultConfig()
	config.Prometheus.URL = url
	config.RateWindow = 4 * scrapedEvery
	if f.adjust != nil {
		f.adjust(&config)
	}
	source, err := telemetry.New(config, estimator.DefaultFeatures(), steps, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	services := []estimator.Service{{Namespace: namespace, Name: cmp.Or(f.other, "web")}, {Namespace: namespace, Name: cmp.Or(f.name, "cart")}}
	return source.Read(ctx, telemetry.Range{Services: services, End: end, Steps: steps, Calls: true, Checks: true})
}

func (f fault) check(ctx context.Context, t *testing.T, url, namespace string, end time.Time) {
	t.Helper()
	w, findings, err := f.read(ctx, t, url, namespace, end)
	if err != nil {
		t.Fatal(telemetry.Explain(err))
	}
	for n, service := range w.Services {
		for c, feature := range w.Features {
			want, differs := f.want[feature]
			if !differs {
				want = base[feature]
			}
			got := w.At(n, w.Steps-1, c)
			if math.IsNaN(want) != math.IsNaN(got) || math.Abs(got-want) > 0.02*want {
				t.Errorf("%s of %s is %g, want %g", feature, service.Name, got, want)
			}
		}
	}
	f.checkFindings(t, findings)
	if f.finding != "" {
		return
	}
	if w.Calls == nil || len(w.Calls.Calls) != 2 {
		t.Fatalf("calls are %v, want two edges", w.Calls)
	}
	for _, call := range w.Calls.Calls {
		outside := call.Source == estimator.Outside && w.Services[call.Destination].Name == cmp.Or(f.other, "web")
		inside := call.Source != estimator.Outside && w.Services[call.Source].Name == cmp.Or(f.other, "web") && w.Services[call.Destination].Name == cmp.Or(f.name, "cart")
		if !outside && !inside || math.Abs(call.Rate-pods*requestsEach) > 2 {
			t.Errorf("call %+v", call)
		}
	}
}

func (f fault) checkFindings(t *testing.T, findings []*telemetry.Error) {
	t.Helper()
	found := f.finding == ""
	for _, e := range findings {
		switch {
		case strings.Contains(e.Error(), f.finding) && strings.Contains(e.Explain(), f.explained):
			found = true
		case f.finding == "":
			t.Errorf("found %s", e.Explain())
		}
	}
	if !found {
		t.Errorf("found %v, want %q with %q", findings, f.finding, f.explained)
		for _, e := range findings {
			t.Log(e.Explain())
		}
	}
}
