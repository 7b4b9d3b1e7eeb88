package record

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

func TestProgressLinesAreFew(t *testing.T) {
	var out bytes.Buffer
	now := testNow
	p := &progress{out: &out, now: func() time.Time { return now }}
	p.begin(100, 2)
	for done := 10; done <= 100; done += 10 {
		now = now.Add(2 * time.Second)
		p.show(done)
	}
	want := "reading 100 steps of 2 services\n30 %, 30 of 100 steps, about 14s left\n60 %, 60 of 100 steps, about 8s left\n90 %, 90 of 100 steps, about 2s left\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNoticesAreFew(t *testing.T) {
	var out bytes.Buffer
	n := notices{line: (&progress{out: &out}).line}
	for _, detail := range []string{"a", "b", "c"} {
		n.add(&telemetry.Error{Feature: "cpu", Kind: telemetry.Remark, Detail: detail})
		n.add(&telemetry.Error{Feature: "memory", Kind: telemetry.NoData, Detail: detail})
	}
	if got, want := out.String(), "warning: cpu: the server remarks on the query: a\n"; got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
	if got, want := n.why("memory"), "memory: no data: c"; got != want {
		t.Errorf("memory is missing because of %q, want %q", got, want)
	}
	if !errors.Is(n.whyEmpty(estimator.DefaultFeatures()), telemetry.Remark) {
		t.Error("it is forgotten why all is missing")
	}
}
