package certs

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// errFiles is wrapped when the files cannot be written.
var errFiles = errors.New("--cert-dir must be writable")

// files is the serving pair on disk. The server reads it again when it changes.
type files struct {
	dir       string
	cert, key []byte        // what was written last
	written   chan struct{} // closed when the pair has been written once
}

// write stores the serving pair of a bundle unless the files have it already. A
// reader between the two renames sees halves that do not match; the server then
// keeps its old pair and tries again.
func (f *files) write(b bundle) error {
	if bytes.Equal(b.cert, f.cert) && bytes.Equal(b.key, f.key) {
		return nil
	}
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return fmt.Errorf("%w: %w", errFiles, err)
	}
	if err := errors.Join(replace(filepath.Join(f.dir, keyName), b.key), replace(filepath.Join(f.dir, certName), b.cert)); err != nil {
		return fmt.Errorf("%w: %w", errFiles, err)
	}
	if f.cert == nil {
		close(f.written)
	}
	f.cert, f.key = b.cert, b.key
	return nil
}

// replace writes a file completely or leaves the old one.
func replace(path string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path))
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}
