package recording

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/hack/controlplane"
	"github.com/deepscaler/deepscaler/learner/history"
	"github.com/deepscaler/deepscaler/learner/record"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

const (
	namespace = "shop"
	scrape    = time.Second
	step      = 5 * time.Second
	steps     = 7
	rps       = 80
	// patience bounds the wait for a first answer; nothing that works needs it.
	patience = 5 * time.Minute
)

// A recording of a real Prometheus says of every service, at every step, what it
// did, and who called whom.
func TestRecord(t *testing.T) {
	t.Parallel()
	cluster := start(t)
	a := serve(t, "online-boutique", rps, func(*simulation.Engine) time.Time { return time.Time{} })
	prometheus := scraped(t, cluster, a)

	// The range begins and ends with a step, so that both sides see the same time.
	wait(t, step)
	from, before := time.Now(), a.truth()
	for range steps {
		wait(t, step)
	}
	to, done := time.Now(), a.truth().since(before)

	folder := t.TempDir()
	o := record.NewOptions()
	o.PrometheusURL = prometheus
	o.Namespaces = []string{namespace}
	o.Step, o.RateWindow = step, step
	o.Start, o.End = from.Format(time.RFC3339), to.Format(time.RFC3339)
	o.Columns = 3 // three pieces, the last of one step
	o.Out, o.GraphOut = filepath.Join(folder, "history.csv.gz"), filepath.Join(folder, "graph.csv")
	said := run(t, o)
	if !strings.Contains(said, "7 steps of 10 services") || strings.Contains(said, "warning") || strings.Contains(said, "missing") {
		t.Errorf("the recording said:\n%s", said)
	}

	series, err := history.ReadFile(o.Out)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(a.ServiceNames())), estimator.ServiceNames(series.Services)); diff != "" {
		t.Fatalf("services (-testbed +recorded):\n%s", diff)
	}
	if series.Step != step || series.Steps != steps || !series.Start().Equal(from.Truncate(step).Add(step)) {
		t.Fatalf("%d steps of %v from %v, want %d of %v from %v",
			series.Steps, series.Step, series.Start(), steps, step, from.Truncate(step).Add(step))
	}
	compareSeries(t, a, done, series)

	edges, err := history.ReadGraphFile(o.GraphOut, series.Services)
	if err != nil {
		t.Fatal(err)
	}
	compareGraph(t, a, done, series.Services, edges)
}

// start returns a cluster that runs nothing yet.
func start(t *testing.T) *controlplane.Cluster {
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

// scraped returns the address of a Prometheus that has seen every service handle
// requests of every caller.
func scraped(t *testing.T, cluster *controlplane.Cluster, a *application) string {
	t.Helper()
	server, err := cluster.StartPrometheus(t.Context(), controlplane.PrometheusOptions{
		// Pods that are gone have no samples any more, although samples have times of their own.
		Config: fmt.Appendf(nil, `
global: {scrape_interval: %[1]v, scrape_timeout: %[1]v}
scrape_configs:
- {job_name: testbed, track_timestamps_staleness: true, static_configs: [{targets: [%[2]q]}]}
`, scrape, a.target),
	})
	if err != nil {
		t.Fatal(err)
	}
	client, err := api.NewClient(api.Config{Address: server.URL(), Client: http.DefaultClient})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	query := fmt.Sprintf(`count by (source_workload, destination_workload) (rate(istio_requests_total{reporter="destination"}[%v]) > 0)`, step)
	edges := a.edges(t)
	for end := time.Now().Add(patience); ; wait(t, scrape) {
		value, _, _, err := v1.NewAPI(client).Query(t.Context(), query, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		// Users call too.
		if vector, ok := value.(model.Vector); ok && len(vector) > edges {
			return server.URL()
		}
		if time.Now().After(end) {
			t.Fatalf("after %v Prometheus knows %v", patience, value)
		}
	}
}

// run does what the command does with these flags and returns what it says.
func run(t *testing.T, o *record.Options) string {
	t.Helper()
	if err := o.Validate(); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	c, err := o.Config(&out, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Run(t.Context()); err != nil {
		t.Fatalf("%v; the recording said:\n%s", err, out.String())
	}
	return out.String()
}

// wait returns at the next multiple of d.
func wait(t *testing.T, d time.Duration) {
	t.Helper()
	now := time.Now()
	select {
	case <-time.After(now.Truncate(d).Add(d).Sub(now)):
	case <-t.Context().Done():
		t.Fatal(context.Cause(t.Context()))
	}
}
