package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// entry is a file in an archive. Its owner is root and its time that of the commit.
type entry struct {
	name    string
	mode    int64
	content []byte
}

// writeTar writes entries and the folders above them, which must come in order.
func writeTar(w io.Writer, modified time.Time, folders []string, entries ...entry) error {
	archive := tar.NewWriter(w)
	for _, folder := range folders {
		if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: folder + "/", Mode: 0o755, ModTime: modified, Format: tar.FormatPAX}); err != nil {
			return fmt.Errorf("write %s: %w", folder, err)
		}
	}
	for _, e := range entries {
		header := &tar.Header{Typeflag: tar.TypeReg, Name: e.name, Mode: e.mode, Size: int64(len(e.content)), ModTime: modified, Format: tar.FormatPAX}
		if err := archive.WriteHeader(header); err != nil {
			return fmt.Errorf("write %s: %w", e.name, err)
		}
		if _, err := archive.Write(e.content); err != nil {
			return fmt.Errorf("write %s: %w", e.name, err)
		}
	}
	return archive.Close()
}

// writeTarGzip writes an archive to a file.
func writeTarGzip(file string, modified time.Time, entries ...entry) error {
	var buffer bytes.Buffer
	// Without name and time in its header, gzip adds nothing that differs between runs.
	compressor, err := gzip.NewWriterLevel(&buffer, gzip.BestCompression)
	if err != nil {
		return err
	}
	if err := writeTar(compressor, modified, nil, entries...); err != nil {
		return err
	}
	if err := compressor.Close(); err != nil {
		return err
	}
	return os.WriteFile(file, buffer.Bytes(), 0o644)
}

// readDir returns the files below a directory as entries.
func readDir(dir string) ([]entry, error) {
	var entries []entry
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(path)
		entries = append(entries, entry{name: filepath.ToSlash(name), mode: 0o644, content: content})
		return err
	})
	return entries, err
}
