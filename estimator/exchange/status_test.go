package exchange_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deepscaler/deepscaler/estimator/exchange"
)

func TestStatus(t *testing.T) {
	dir := exchange.Dir(t.TempDir())
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	want := &exchange.Status{Written: now, Applications: []exchange.Progress{
		{Name: "bank", State: exchange.Training, Detail: "it reads the history"},
		{Name: "shop", State: exchange.Waiting, Detail: "it has 1h of 3h", Next: now.Add(2 * time.Hour)},
	}}
	if err := dir.WriteStatus(want); err != nil {
		t.Fatal(err)
	}
	got, err := dir.ReadStatus()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for text, wrong := range map[string][]exchange.Progress{
		"unknown state":               {{Name: "shop", State: "lazy"}},
		"is not after the one before": {{Name: "shop", State: exchange.Queued}, {Name: "bank", State: exchange.Queued}},
		"0 bytes":                     {{State: exchange.Queued}},
	} {
		if err := dir.WriteStatus(&exchange.Status{Applications: wrong}); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%v: %v, want %q", wrong, err, text)
		}
	}
}

// A learner removes what one before it left unfinished, and nothing of the adapter's.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "models"), 0o755); err != nil {
		t.Fatal(err)
	}
	kept := []string{".applications.json.tmp-1", "models/shop.json"}
	for _, name := range append([]string{".learner.json.tmp-1", "models/.shop.json.tmp-2"}, kept...) {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := exchange.Dir(dir).Sweep(); err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, pattern := range []string{".*", "models/*", "models/.*"} {
		matches, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range matches {
			name, err := filepath.Rel(dir, path)
			if err != nil {
				t.Fatal(err)
			}
			left = append(left, name)
		}
	}
	if diff := cmp.Diff(kept, left); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLearningIsValidated(t *testing.T) {
	if err := exchange.DefaultLearning().Validate(); err != nil {
		t.Errorf("the defaults: %v", err)
	}
	var nothing exchange.Learning
	err := nothing.Validate()
	for _, want := range []string{"interval", "leastHistory", "iterations"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %s", err, want)
		}
	}
}
