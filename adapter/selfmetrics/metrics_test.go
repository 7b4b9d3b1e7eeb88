package selfmetrics

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	testclock "k8s.io/utils/clock/testing"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/externalmetrics"
	"github.com/deepscaler/deepscaler/adapter/tick"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// busy has seen one of everything, for applications shop (planned) and money
// (failed).
func busy(t *testing.T) (*Metrics, *externalmetrics.Board, *testclock.FakePassiveClock) {
	t.Helper()
	web := discovery.Service{Service: estimator.Service{Namespace: "prod", Name: "web"}, Application: "shop", Bounds: plan.Bounds{Min: 1, Max: 9}}
	pay := discovery.Service{Service: estimator.Service{Namespace: "prod", Name: "pay"}, Application: "money", Bounds: plan.Bounds{Min: 1, Max: 9}}
	f := &estimator.Forecast{Services: []estimator.Service{web.Service}, Horizon: 1, Step: 30 * time.Second, Replicas: []float64{3.5}}
	made, err := plan.Make(plan.DefaultConfig(), f, map[estimator.Service]plan.Bounds{web.Service: web.Bounds}, plan.Observed{}, noon)
	if err != nil {
		t.Fatal(err)
	}
	c := testclock.NewFakePassiveClock(noon.Add(10 * time.Second))
	board := externalmetrics.NewBoard(c, 30*time.Second)
	board.Assign([]discovery.Application{{Name: "money", Services: []discovery.Service{pay}}, {Name: "shop", Services: []discovery.Service{web}}})
	failed := &tick.Failure{Stage: tick.StageWindow, Reason: "prometheus: cannot be reached", Err: errors.New("refused")}
	results := []tick.Result{
		{Application: "shop", Plan: made, At: noon, Took: time.Second},
		{Application: "money", Failure: failed, At: noon, Took: time.Second},
	}
	m := New(Build{Version: "v1.2.3", Revision: "abc"})
	if err := m.Register(Predictions(board, c)); err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		board.Publish(r)
		m.Ticked(t.Context(), r)
	}
	m.StageTook(tick.StageWindow, time.Second)
	m.WindowRead(t.Context(), "shop", 0.25, []*telemetry.Error{{Feature: "calls", Kind: telemetry.NoData}})
	m.Estimated(t.Context(), "shop", []string{"model", "hab", "mmn"},
		estimator.Origin{From: []int{1, 1, -1}, Errors: []error{errors.New("truncated"), nil, nil}})
	m.Discovered(discovery.Snapshot{Applications: []discovery.Application{{Name: "shop"}, {Name: "money"}}}, 1)
	m.Answered(200)
	m.Answered(503)
	return m, board, c
}

func TestMetricsFollowTheConventions(t *testing.T) {
	m, _, _ := busy(t)
	problems, err := testutil.GatherAndLint(m.registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

func TestPredictionsAreAbsentRatherThanZeroOrOld(t *testing.T) {
	m, board, c := busy(t)
	const names = "deepscaler_desired_replicas"
	want := `# HELP deepscaler_desired_replicas Replicas the service should have, as served by the external metrics API; absent while unknown.
# TYPE deepscaler_desired_replicas gauge
deepscaler_desired_replicas{application="shop",namespace="prod",service="web"} 4
`
	if err := testutil.GatherAndCompare(m.registry, strings.NewReader(want), names); err != nil {
		t.Error(err)
	}
	c.SetTime(noon.Add(2 * time.Minute))
	if n, err := testutil.GatherAndCount(m.registry, names, "deepscaler_needed_replicas"); n != 0 || err != nil {
		t.Errorf("%d series of a stale plan, %v", n, err)
	}
	if err := testutil.GatherAndCompare(m.registry, strings.NewReader(`# HELP deepscaler_plan_age_seconds Age of the application's latest plan, which is served up to two steps; absent before the first.
# TYPE deepscaler_plan_age_seconds gauge
deepscaler_plan_age_seconds{application="shop"} 120
`), "deepscaler_plan_age_seconds"); err != nil {
		t.Error(err)
	}
	board.Publish(tick.Result{Application: "shop", Failure: &tick.Failure{}, At: c.Now()})
	if n, err := testutil.GatherAndCount(m.registry, names, "deepscaler_plan_age_seconds"); n != 1 || err != nil {
		t.Errorf("%d series after a failure, %v, want only the age of the last plan", n, err)
	}
}

func TestEventsAreCounted(t *testing.T) {
	m, _, _ := busy(t)
	for what, got := range map[string]float64{
		"failures":  testutil.ToFloat64(m.failures.WithLabelValues("money", "window", "prometheus: cannot be reached")),
		"warnings":  testutil.ToFloat64(m.warnings.WithLabelValues("shop", "calls")),
		"answers":   testutil.ToFloat64(m.requests.WithLabelValues("503")),
		"estimator": testutil.ToFloat64(m.crashed.WithLabelValues("shop", "model")),
		"unserved":  testutil.ToFloat64(m.estimated.WithLabelValues("shop", "none")),
		"build":     testutil.ToFloat64(Build{Version: "v1.2.3", Revision: "abc"}),
	} {
		if got != 1 {
			t.Errorf("%s: %v, want 1", what, got)
		}
	}
	if got := testutil.ToFloat64(m.lastSuccess.WithLabelValues("shop")); got != float64(noon.Unix()) {
		t.Errorf("last success at %v", got)
	}
	if got := testutil.ToFloat64(m.missing.WithLabelValues("shop")); got != 0.25 {
		t.Errorf("missing ratio %v", got)
	}
}

func TestApplicationsThatAreGoneAreForgotten(t *testing.T) {
	m, _, _ := busy(t)
	m.Discovered(discovery.Snapshot{Applications: []discovery.Application{{Name: "shop"}}}, 0)
	if n := testutil.CollectAndCount(m.failures); n != 0 {
		t.Errorf("%d series of money's failures remain", n)
	}
	if n := testutil.CollectAndCount(m.missing); n != 1 {
		t.Errorf("%d series of shop's window, want 1", n)
	}
}

func TestHandlerServesOneScrape(t *testing.T) {
	m, _, _ := busy(t)
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, want := range []string{
		`deepscaler_build_info{goversion="go`, "deepscaler_autoscalers_misconfigured 1",
		`deepscaler_metric_requests_total{code="200"} 1`, "go_goroutines ", "process_resident_memory_bytes ",
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
	if w.Code != 200 {
		t.Errorf("status %d", w.Code)
	}
}
