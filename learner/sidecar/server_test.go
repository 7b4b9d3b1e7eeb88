package sidecar

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/deepscaler/deepscaler/estimator/exchange"
)

// Live means that the learner ticks, ready that it knows what to learn.
func TestProbes(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s := &site{dir: exchange.Dir(t.TempDir())}
	s.sidecar = New(Options{Exchange: s.dir, Settings: settings(), Metrics: NewMetrics(), Now: func() time.Time { return now }})
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error)
	go func() { served <- s.sidecar.Serve(ctx, l) }()
	want := func(path string, code int, text string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+l.Addr().String()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != code || !strings.Contains(string(body), text) {
			t.Errorf("%s: %d %s (%v), want %d %s", path, answer.StatusCode, body, err, code, text)
		}
	}
	want("/healthz", 503, "last tick")
	s.sidecar.tick(t.Context())
	want("/healthz", 200, "ok")
	want("/readyz", 503, "has not written its list")
	s.write(t)
	s.sidecar.tick(t.Context())
	want("/readyz", 200, "ok")
	want("/metrics", 200, "deepscaler_learner_applications 0")
	now = now.Add(late + time.Second)
	want("/healthz", 503, "21s ago")
	want("/readyz", 503, "21s ago")
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestLoadSettings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	for text, want := range map[string]string{
		"telemetry: {}\n": "", "learner: {interval: 1h}\n": "", "": "",
		"learner: {intervall: 1h}\n":      "intervall",
		"learner: {interval: 1s}\n":       "interval is 1s, want at least 10s",
		"learner: {leastHistory: 100h}\n": "history is 72h0m0s, want at least leastHistory",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := LoadSettings(path)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
		if want == "" && s.MaxAge != 48*time.Hour {
			t.Errorf("%q: %+v lacks the defaults", text, s)
		}
	}
}
