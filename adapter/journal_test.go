package adapter

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/client-go/tools/record"
	"k8s.io/klog/v2"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/tick"
	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

func TestJournalLogsChangesOnly(t *testing.T) {
	var lines []string
	ctx := klog.NewContext(t.Context(), funcr.New(func(_, args string) { lines = append(lines, args) }, funcr.Options{}))
	events := record.NewFakeRecorder(10)
	var slo time.Duration
	j := newJournal(events, func(string) time.Duration { return slo })
	hpa := &autoscalingv2.HorizontalPodAutoscaler{}
	web := discovery.Service{Service: estimator.Service{Namespace: "shop", Name: "web"}, Application: "shop"}
	j.discovered(discovery.Snapshot{
		Applications: []discovery.Application{{Name: "shop", Services: []discovery.Service{web}}},
		Scalers:      map[estimator.Service]*autoscalingv2.HorizontalPodAutoscaler{web.Service: hpa},
	})
	logged := func(what string, want ...string) {
		t.Helper()
		if len(lines) != len(want) {
			t.Fatalf("%s: logged %q", what, lines)
		}
		for i := range want {
			if !strings.Contains(lines[i], want[i]) {
				t.Errorf("%s: logged %q, want %q in it", what, lines[i], want[i])
			}
		}
		lines = nil
	}
	good := tick.Result{Application: "shop", Plan: &plan.Plan{}}
	bad := func(reason, detail string) tick.Result {
		return tick.Result{Application: "shop", Failure: &tick.Failure{Stage: tick.StageWindow, Reason: reason, Err: errors.New(detail)}}
	}

	j.Ticked(ctx, bad("cannot be reached", "refused after 1s"))
	logged("first failure", `"error"="window: cannot be reached"`)
	j.Ticked(ctx, bad("cannot be reached", "refused after 2s"))
	logged("same failure, other details")
	j.Ticked(ctx, bad("no data", "since noon"))
	logged("another failure", `"detail"="since noon"`)
	j.Ticked(ctx, good)
	logged("recovery", "has a plan")
	j.Ticked(ctx, good)
	logged("all well")

	for _, detail := range []string{"truncated at 7", "truncated at 8"} {
		j.Estimated(ctx, "shop", []string{"model", "hab"}, estimator.Origin{Errors: []error{errors.New(detail), nil}})
	}
	logged("an estimator fails", `"estimators"="model" "detail"="truncated at 7"`)
	if got := len(events.Events); got != 1 {
		t.Errorf("%d events, want 1", got)
	} else if e := <-events.Events; !strings.HasPrefix(e, "Warning EstimatorFailed Estimator model of application \"shop\"") {
		t.Errorf("event %q", e)
	}
	for range 2 {
		j.Estimated(ctx, "shop", []string{"model", "hab"}, estimator.Origin{Errors: make([]error, 2)})
	}
	logged("it works again", "All estimators work again")

	warning := []*telemetry.Error{{Feature: "jaeger", Kind: telemetry.Unreachable}}
	j.WindowRead(ctx, "shop", 0, nil)
	j.WindowRead(ctx, "shop", 0, warning)
	j.WindowRead(ctx, "shop", 0, warning)
	j.WindowRead(ctx, "shop", 0, nil)
	logged("a warning that comes and goes", "jaeger: cannot be reached", `"problems"=""`)

	latency := []*telemetry.Error{{Feature: "latency", Kind: telemetry.NoData, Reason: telemetry.Native}}
	j.WindowRead(ctx, "shop", 0, latency)
	if len(events.Events) > 0 {
		t.Error("an event about an SLO that there is not")
	}
	j.WindowRead(ctx, "shop", 0, nil)
	slo = time.Second
	for range 2 {
		j.WindowRead(ctx, "shop", 0, latency)
	}
	if got := len(events.Events); got != 1 {
		t.Errorf("%d events, want 1", got)
	} else if e := <-events.Events; !strings.HasPrefix(e, "Warning LatencyUnknown The SLO of application \"shop\"") || !strings.HasSuffix(e, "latency: no data: the histograms are native") {
		t.Errorf("event %q", e)
	}

	j.discovered(discovery.Snapshot{})
	if diff := cmp.Diff(map[string]string{}, j.failures); diff != "" {
		t.Errorf("remembers an application that is gone:\n%s", diff)
	}
}
