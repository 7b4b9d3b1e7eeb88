package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// source is what runs learn from.
type source struct {
	// Name is that in the tables.
	Name string
	// Series and Graph are files.
	Series, Graph string
	// Content identifies what is in them.
	Content string
}

func newSource(name, series, graph string) (source, error) {
	s := source{Name: name, Series: series, Graph: graph}
	hash := sha256.New()
	for _, path := range []string{series, graph} {
		sum, err := sumFile(path)
		if err != nil {
			return source{}, err
		}
		fmt.Fprintln(hash, sum)
	}
	s.Content = hex.EncodeToString(hash.Sum(nil))[:identity]
	return s, nil
}

// identity is the length of a hash that distinguishes files and options.
const identity = 16

func sumFile(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", fmt.Errorf("read %s: %w", path, err)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// recorded returns the series of the flags of a training.
func recorded(o *training, name string) (source, error) {
	if name == "" {
		name, _, _ = strings.Cut(filepath.Base(o.Series), ".")
	}
	return newSource(name, o.Series, o.Graph)
}

// simulated returns histories of the testbed.
func simulated(ctx context.Context, p *process, apps []string, t *telemetry, log io.Writer) ([]source, error) {
	var all []source
	for _, name := range apps {
		s, err := t.source(ctx, p, name, log)
		if err != nil {
			return nil, fmt.Errorf("telemetry of %s: %w", name, err)
		}
		all = append(all, s)
	}
	return all, nil
}

func withEnding(path, ending string) string {
	return strings.TrimSuffix(path, filepath.Ext(path)) + ending
}

// replaceFile writes a whole file or leaves the one that was there.
func replaceFile(path string, content []byte) error {
	return writeFile(path, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

func writeFile(path string, content func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".study-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			f.Close()
			err = fmt.Errorf("write %s: %w", path, errors.Join(err, os.Remove(f.Name())))
		}
	}()
	if err := content(f); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
