package sidecar

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator/exchange"
)

// A learner that ticks is alive. It writes its metrics from time to time only, and removes
// what a learner left unfinished that was killed.
func TestBeat(t *testing.T) {
	dir := exchange.Dir(t.TempDir())
	now := time.Now()
	if err := dir.Alive(now); err == nil || !strings.Contains(err.Error(), "not written") {
		t.Errorf("alive before the first tick: %v", err)
	}
	unfinished := dir.Metrics() + "123"
	if err := os.WriteFile(unfinished, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := dir.Sweep(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(unfinished); err == nil {
		t.Errorf("%s is left", unfinished)
	}
	began := now
	s := New(Options{Exchange: dir, Settings: settings(), Metrics: NewMetrics(), Now: func() time.Time { return now }})
	applications := func() string {
		t.Helper()
		content, _, err := dir.ReadMetrics()
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(content)) {
			if value, ok := strings.CutPrefix(line, exchange.MetricPrefix+"applications "); ok {
				return strings.TrimSpace(value)
			}
		}
		t.Fatalf("no applications in %s", content)
		return ""
	}
	s.tick(t.Context())
	if got := applications(); got != "0" {
		t.Errorf("%s applications, want 0", got)
	}
	if err := dir.WriteList(&exchange.List{Written: now, Applications: []exchange.Application{application("shop")}}); err != nil {
		t.Fatal(err)
	}
	s.list(t.Context())
	now = now.Add(exchange.Beat - time.Second)
	s.o.Metrics.ticked(1)
	s.beat(t.Context(), now)
	if got := applications(); got != "0" {
		t.Errorf("%s applications after less than a beat, want what was written before", got)
	}
	now = now.Add(time.Second)
	s.beat(t.Context(), now)
	if got := applications(); got != "1" {
		t.Errorf("%s applications after a beat, want 1", got)
	}
	if err := dir.Alive(began.Add(exchange.Late / 2)); err != nil {
		t.Error(err)
	}
	if err := dir.Alive(time.Now().Add(exchange.Late + time.Second)); err == nil || !strings.Contains(err.Error(), "1m1s ago") {
		t.Errorf("alive a while later: %v", err)
	}
}

func TestMetricsCannotBeTakenForOthers(t *testing.T) {
	m := NewMetrics()
	m.ticked(1)
	path := filepath.Join(t.TempDir(), "metrics")
	if err := m.write(path); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	process := false
	for line := range strings.Lines(string(content)) {
		if !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, exchange.MetricPrefix) {
			t.Errorf("unexpected metric %s", line)
		}
		process = process || strings.HasPrefix(line, exchange.MetricPrefix+"process_cpu_seconds_total ")
	}
	if !process {
		t.Errorf("the processor time of the learner is missing:\n%s", content)
	}
}
