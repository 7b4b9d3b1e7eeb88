package controlplane

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

// The telemetry of one cluster shares it, without Kubernetes.
func TestTelemetry(t *testing.T) {
	c := start(t, Options{TelemetryOnly: true})
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	t.Run("no users", func(t *testing.T) {
		if _, err := c.RESTConfigFor(User{Name: "ann"}); err == nil || c.Kubeconfig() != "" || c.RESTConfig() != nil {
			t.Error("a cluster without Kubernetes hands out credentials")
		}
	})
	t.Run("prometheus", func(t *testing.T) { testPrometheus(t, c) })
	t.Run("jaeger", func(t *testing.T) { testJaeger(t, c) })
	t.Run("stop leaves nothing", func(t *testing.T) {
		if err := c.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(c.Dir()); !os.IsNotExist(err) {
			t.Errorf("the data directory after Stop: %v", err)
		}
	})
}

func get(ctx context.Context, address string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, body)
	}
	return string(body), err
}

func testPrometheus(t *testing.T, c *Cluster) {
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "queue_length{path=%q} 7\n", r.URL.Path)
	}))
	t.Cleanup(target.Close)
	prometheus, err := c.StartPrometheus(t.Context(), PrometheusOptions{
		Jobs:           []ScrapeJob{{Name: "testbed", Targets: []string{strings.TrimPrefix(target.URL, "http://")}, Path: "/queue"}},
		ScrapeInterval: 200 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	query := func(ctx context.Context, expression string) (string, error) {
		return get(ctx, prometheus.URL()+"/api/v1/query?query="+url.QueryEscape(expression))
	}
	answers := func(expression, want string) func() bool {
		return func() bool {
			body, err := query(t.Context(), expression)
			return err == nil && strings.Contains(body, want)
		}
	}
	within(t, "the target is scraped", answers(`queue_length{job="testbed",path="/queue"}`, `"7"]`))

	if err := prometheus.Pause(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if body, err := query(ctx, "1"); err == nil {
		t.Errorf("a paused Prometheus answered %s", body)
	}
	if err := prometheus.Resume(); err != nil {
		t.Fatal(err)
	}
	within(t, "a resumed Prometheus answers", answers("1", `"1"]`))

	address := prometheus.URL()
	if err := prometheus.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if body, err := query(t.Context(), "1"); err == nil {
		t.Errorf("a stopped Prometheus answered %s", body)
	}
	target.Close()
	if err := prometheus.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if prometheus.URL() != address {
		t.Errorf("restarted at %s, was at %s", prometheus.URL(), address)
	}
	within(t, "samples are there after a restart", answers("last_over_time(queue_length[5m])", `"7"]`))
}

func testJaeger(t *testing.T, c *Cluster) {
	jaeger, err := c.StartJaeger(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const trace = "5b8efff798038103d269b633813fc60c"
	now := time.Now().UnixNano()
	span := func(service, id, parent string, kind int) map[string]any {
		return map[string]any{
			"resource": map[string]any{"attributes": []any{map[string]any{
				"key": "service.name", "value": map[string]any{"stringValue": service},
			}}},
			"scopeSpans": []any{map[string]any{"spans": []any{map[string]any{
				"traceId": trace, "spanId": id, "parentSpanId": parent, "name": "call", "kind": kind,
				"startTimeUnixNano": fmt.Sprint(now), "endTimeUnixNano": fmt.Sprint(now + 1000),
			}}}},
		}
	}
	body, err := json.Marshal(map[string]any{"resourceSpans": []any{
		span("frontend", "eee19b7ec3c1b173", "", 2), span("cart", "eee19b7ec3c1b174", "eee19b7ec3c1b173", 2),
	}})
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post(jaeger.OTLPHTTPEndpoint()+"/v1/traces", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("send a trace: %s", response.Status)
	}
	dependencies := fmt.Sprintf("%s/api/dependencies?endTs=%d&lookback=3600000", jaeger.QueryURL(), time.Now().Add(time.Minute).UnixMilli())
	within(t, "Jaeger knows who calls whom", func() bool {
		body, err := get(t.Context(), dependencies)
		return err == nil && strings.Contains(body, `"parent":"frontend","child":"cart","callCount":1`)
	})
}
