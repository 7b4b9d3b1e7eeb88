package record

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

// steps shows progress of 10 steps that take a second each, of which 2 were there.
func steps(interactive bool) string {
	var out bytes.Buffer
	now := testNow
	p := &progress{terminal: Terminal{Out: &out, Interactive: interactive, Now: func() time.Time { return now }}}
	p.begin(20, 100)
	for done := 30; done <= 100; done += 10 {
		now = now.Add(2 * time.Second)
		p.show(done)
	}
	p.say("done")
	return out.String()
}

func TestProgressLinesAreFew(t *testing.T) {
	want := "40 %, 40 of 100 steps, about 12s left\n90 %, 90 of 100 steps, about 2s left\ndone\n"
	if got := steps(false); got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
}

func TestProgressBar(t *testing.T) {
	got := steps(true)
	if strings.Contains(got[:len(got)-len("done\n")], "\n") || !strings.HasSuffix(got, "\r\x1b[Kdone\n") {
		t.Errorf("the bar does not stay on one line: %q", got)
	}
	if !strings.Contains(got, "["+strings.Repeat("#", 15)+strings.Repeat("-", 15)+"] 50 %, 50 of 100 steps, about 10s left") {
		t.Errorf("printed %q", got)
	}
}

func TestWarningsAreFew(t *testing.T) {
	var out bytes.Buffer
	p := &progress{terminal: Terminal{Out: &out, Now: func() time.Time { return testNow }}}
	n := newNotices(p.say)
	for _, text := range []string{"a", "a", "b", "c", "d", "a"} {
		n.warn(&telemetry.Error{Feature: "cpu", Kind: telemetry.Remark, Detail: text})
	}
	n.warn(&telemetry.Error{Feature: "memory", Kind: telemetry.NoData})
	want := "warning: cpu: the server remarks on the query: a\nwarning: cpu: the server remarks on the query: b\nwarning: cpu: the server remarks on the query: c\nwarning: further warnings about cpu are not shown\n"
	if got := out.String(); got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
	if !errors.Is(n.missing["memory"], telemetry.NoData) {
		t.Error("it is forgotten why memory is missing")
	}
}
