package evaluation

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/fxamacker/cbor/v2"

	"github.com/deepscaler/deepscaler/estimator/artifact"
)

// Parts keeps finished parts of evaluations in a folder, one file each. Programs that differ
// share none, since the program is part of every key.
type Parts struct {
	folder, program string
}

// OpenParts returns the parts in a folder for a program, of which any description will do that
// changes with its code.
func OpenParts(folder, program string) (*Parts, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("keep finished parts: %w", err)
	}
	return &Parts{folder, program}, nil
}

// Program returns the hash of the running program.
func Program() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find the program: %w", err)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("read the program: %w", err)
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", fmt.Errorf("read the program: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// Recall implements [experiment.Parts].
func (p *Parts) Recall(key, into any) (bool, error) {
	path, err := p.path(key)
	if err != nil {
		return false, err
	}
	content, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("recall a finished part: %w", err)
	}
	// JSON has no NaN, and gob no pointer to 0.
	if err := cbor.Unmarshal(content, into); err != nil {
		return false, fmt.Errorf("%s is no finished part: %w; remove it", path, err)
	}
	return true, nil
}

// Keep implements [experiment.Parts].
func (p *Parts) Keep(key, value any) error {
	path, err := p.path(key)
	if err != nil {
		return err
	}
	// A file is there as a whole or not at all.
	err = artifact.Replace(path, func(w io.Writer) error { return cbor.NewEncoder(w).Encode(value) })
	if err != nil {
		return fmt.Errorf("keep a finished part: %w", err)
	}
	return nil
}

func (p *Parts) path(key any) (string, error) {
	text, err := json.Marshal([]any{p.program, key})
	if err != nil {
		return "", fmt.Errorf("name a part: %w", err)
	}
	sum := sha256.Sum256(text)
	return filepath.Join(p.folder, hex.EncodeToString(sum[:16])+".cbor"), nil
}
