package adapter

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	"k8s.io/klog/v2"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/tick"
	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

func TestJournalLogsChangesOnly(t *testing.T) {
	var lines []string
	ctx := klog.NewContext(t.Context(), funcr.New(func(_, args string) { lines = append(lines, args) }, funcr.Options{}))
	j := newJournal()
	logged := func(what string, want ...string) {
		t.Helper()
		if len(lines) != len(want) {
			t.Fatalf("%s: logged %q", what, lines)
		}
		for i := range want {
			if !strings.Contains(lines[i], want[i]) {
				t.Errorf("%s: logged %q, want it to say %q", what, lines[i], want[i])
			}
		}
		lines = nil
	}
	good := tick.Result{Application: "shop", Plan: &plan.Plan{}}
	bad := func(text string) tick.Result { return tick.Result{Application: "shop", Err: errors.New(text)} }

	j.ticked(ctx, bad("refused"))
	logged("first failure", `"error"="refused"`)
	j.ticked(ctx, bad("refused"))
	logged("same failure")
	j.ticked(ctx, bad("timeout"))
	logged("another failure", `"error"="timeout"`)
	j.ticked(ctx, good)
	logged("recovery", "has a plan")
	j.ticked(ctx, good)
	logged("all well")

	warning := []*telemetry.Error{{Feature: "jaeger", Kind: telemetry.Unreachable}}
	j.windowRead(ctx, "shop", nil)
	j.windowRead(ctx, "shop", warning)
	j.windowRead(ctx, "shop", warning)
	j.windowRead(ctx, "shop", nil)
	logged("a warning that comes and goes", "jaeger: cannot be reached", `"problems"=""`)

	j.discovered(discovery.Snapshot{})
	if diff := cmp.Diff(map[string]string{}, j.failures); diff != "" {
		t.Errorf("remembers an application that is gone:\n%s", diff)
	}
}
