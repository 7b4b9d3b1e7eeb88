package record

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/learner/history"
)

// free reports existing output and missing folders before the work begins.
func (c *Config) free() error {
	for _, path := range []string{c.seriesOut, c.graphOut} {
		if path == "" {
			continue
		}
		if _, err := os.Stat(filepath.Dir(path)); err != nil {
			return fmt.Errorf("folder of %s: %w", path, err)
		}
		switch info, err := os.Stat(path); {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		case info.IsDir():
			return fmt.Errorf("%s is a folder", path)
		case !c.overwrite:
			return fmt.Errorf("%s exists: give another name, or --overwrite", path)
		}
	}
	return nil
}

// write writes the graph, if one is wanted, and then the series.
func (c *Config) write(w *estimator.Window, graph []estimator.Edge) error {
	if c.graphOut != "" {
		if err := writeFile(c.graphOut, func(f io.Writer) error { return history.WriteGraph(f, w.Services, graph) }); err != nil {
			return err
		}
	}
	return writeFile(c.seriesOut, func(f io.Writer) error {
		if !compressed(c.seriesOut) {
			return history.Write(f, w)
		}
		z := gzip.NewWriter(f)
		return errors.Join(history.Write(z, w), z.Close())
	})
}

// writeFile writes the content and renames the complete file to path.
func writeFile(path string, content func(io.Writer) error) (err error) {
	f, err := os.OpenFile(path+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // the error says more
			err = fmt.Errorf("write %s: %w", path, err)
		}
	}()
	if err := errors.Join(content(f), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
