package hpacheck

import (
	"strings"
	"testing"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/client-go/tools/record"
	testclock "k8s.io/utils/clock/testing"

	"github.com/deepscaler/deepscaler/adapter/discovery"
)

func TestReporterSpeaksOfChangesOnly(t *testing.T) {
	recorder := record.NewFakeRecorder(10)
	c := testclock.NewFakePassiveClock(time.Now())
	r := NewReporter(recorder, c)
	report := func(misconfigured int, hpas ...*autoscalingv2.HorizontalPodAutoscaler) []string {
		t.Helper()
		if got := r.Report(discovery.Resolve(hpas, nil), nil); got != misconfigured {
			t.Errorf("%d misconfigured, want %d", got, misconfigured)
		}
		var said []string
		for len(recorder.Events) > 0 {
			said = append(said, <-recorder.Events)
		}
		return said
	}
	expect := func(when string, said []string, want ...string) {
		t.Helper()
		if len(said) != len(want) {
			t.Fatalf("%s: said %q", when, said)
		}
		for i := range want {
			if !strings.HasPrefix(said[i], "Warning "+want[i]) {
				t.Errorf("%s: said %q, want %s", when, said[i], want[i])
			}
		}
	}
	bad := func(most int32) *autoscalingv2.HorizontalPodAutoscaler {
		return good("web", func(h *autoscalingv2.HorizontalPodAutoscaler, _ *autoscalingv2.ExternalMetricSource) {
			h.Spec.Behavior = nil
			h.Spec.MaxReplicas = most
		})
	}

	expect("at first", report(1, bad(20), good("cart", nil)), ReasonToleranceHidesChange)
	expect("unchanged", report(1, bad(20), good("cart", nil)))
	expect("another message", report(1, bad(30)), ReasonToleranceHidesChange)
	c.SetTime(c.Now().Add(49 * time.Minute))
	expect("before it is forgotten", report(1, bad(30)))
	c.SetTime(c.Now().Add(time.Minute))
	expect("about to be forgotten", report(1, bad(30)), ReasonToleranceHidesChange)
	expect("corrected", report(0, good("web", nil)))
	expect("broken again", report(1, bad(30)), ReasonToleranceHidesChange)
	expect("deleted", report(0))
}
