package sidecar

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

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
