package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// sums is what sha256sum --check reads.
const sums = "SHA256SUMS"

// checksums writes those of all files so far.
func (r *release) checksums(context.Context) error {
	content, err := r.checksumsOf()
	if err != nil {
		return err
	}
	r.done(sums)
	return os.WriteFile(filepath.Join(r.out, sums), []byte(content), 0o644)
}

// checksumsOf returns a line for each published file.
func (r *release) checksumsOf() (string, error) {
	entries, err := readDir(r.out)
	if err != nil {
		return "", err
	}
	var lines strings.Builder
	for _, e := range entries {
		if e.name == sums {
			continue
		}
		sum, err := checksum(filepath.Join(r.out, e.name))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&lines, "%s  %s\n", sum, e.name)
	}
	return lines.String(), nil
}
