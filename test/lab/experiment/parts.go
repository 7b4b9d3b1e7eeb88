package experiment

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/deepscaler/deepscaler/test/lab/loop"
	"github.com/deepscaler/deepscaler/test/lab/workload"
)

// Parts keeps finished parts of a comparison, so that none is computed twice. Keys are
// encoded as JSON and name everything that a part depends on but the program.
type Parts interface {
	// Recall reads the part of a key into a pointer and reports whether there is one.
	Recall(key, into any) (bool, error)
	// Keep stores a finished part.
	Keep(key, value any) error
}

// recall returns the kept part of a key, or computes and keeps it.
func recall[T any](parts Parts, key any, compute func() (T, error)) (value T, recalled bool, err error) {
	if parts != nil {
		if known, err := parts.Recall(key, &value); err != nil || known {
			return value, known, err
		}
	}
	if value, err = compute(); err != nil || parts == nil {
		return value, false, err
	}
	return value, false, parts.Keep(key, value)
}

// fingerprint returns a hash of everything that decides what happens in a scene beside the
// autoscaler and what it learned.
func (s *Scene) fingerprint() (string, error) {
	text, err := json.Marshal(struct {
		Config loop.Config
		Base   float64
		School workload.Span
	}{s.Config, s.Base, s.School})
	if err != nil {
		return "", fmt.Errorf("name a part: %w", err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16]), nil
}
