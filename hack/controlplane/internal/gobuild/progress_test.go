package gobuild

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestOutputCountsAndKeepsErrors(t *testing.T) {
	var out output
	if got := out.status(); got != "counting packages" {
		t.Errorf("status at first: %q", got)
	}
	for _, piece := range []string{"go: downloading example.com/a v1.0.0\ngo: down", "loading example.com/b v1.0.0\n"} {
		if _, err := out.Write([]byte(piece)); err != nil {
			t.Fatal(err)
		}
	}
	if got := out.status(); got != "2 modules downloaded" {
		t.Errorf("status while downloading: %q", got)
	}
	if _, err := out.total.Write([]byte("internal/goarch\nexample.com/a\nexample.com/b\n")); err != nil {
		t.Fatal(err)
	}
	text := "internal/goarch\nexample.com/a\n# example.com/a\na.go:1:2: undefined: x\n" + strings.Repeat("note: more\n", 40) + "no newline"
	if _, err := out.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if got := out.status(); got != "2 of 3 packages compiled" {
		t.Errorf("status while compiling: %q", got)
	}
	lines := strings.Split(out.errors(), "\n")
	if len(lines) != keptLines+1 || lines[keptLines] != "no newline" || lines[0] != "note: more" {
		t.Errorf("kept %d lines, want the last %d: %q", len(lines), keptLines+1, lines)
	}
}

func TestReportWritesALineEveryPeriod(t *testing.T) {
	var out output
	for _, w := range []io.Writer{&out.total, &out} {
		if _, err := io.WriteString(w, "example.com/a\n"); err != nil {
			t.Fatal(err)
		}
	}
	var progress bytes.Buffer
	synctest.Test(t, func(*testing.T) {
		done := make(chan struct{})
		time.AfterFunc(9500*time.Millisecond, func() { close(done) })
		out.report(&progress, "tool v1.2.3", time.Now(), time.Second, done)
	})
	line := regexp.MustCompile(`(?m)^building tool v1\.2\.3: 1 of 1 packages compiled, [1-9]s$`)
	if got := len(line.FindAllString(progress.String(), -1)); got != 9 {
		t.Errorf("%d lines in nine periods and a half, want 9:\n%s", got, &progress)
	}
}
