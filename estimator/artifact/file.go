package artifact

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// fileMode lets every process of the pod read a model, whatever the umask.
const fileMode = 0o644

// WriteFile replaces the file at path by m, as described in the package
// documentation. After an error path has its old content, except if only the
// sync of the folder failed: then it has m, which a power failure may undo.
func WriteFile(path string, m *Model) error {
	return Replace(path, func(w io.Writer) error { return Write(w, m) })
}

// Replace replaces the file at path, like [WriteFile], by the output of write.
func Replace(path string, write func(io.Writer) error) error {
	return disk{sync: (*os.File).Sync, rename: os.Rename}.replace(path, write)
}

// disk has the operations at which a crash matters.
type disk struct {
	sync   func(*os.File) error
	rename func(from, to string) error
}

// replace writes a file and renames it to path.
func (d disk) replace(path string, write func(io.Writer) error) (err error) {
	dir, base := filepath.Split(path)
	if dir == "" {
		dir = "."
	}
	f, err := os.CreateTemp(dir, "."+base+".tmp-*")
	if err != nil {
		return fmt.Errorf("replace %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name()) //nolint:errcheck // gone already when it was renamed
			err = fmt.Errorf("replace %s: %w", path, err)
		}
	}()
	w := bufio.NewWriter(f)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := f.Chmod(fileMode); err != nil {
		return err
	}
	if err := d.sync(f); err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := d.rename(f.Name(), path); err != nil {
		return err
	}
	return d.syncDir(dir)
}

// syncDir makes a rename durable if the file system can.
func (d disk) syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	// Some network file systems refuse to sync a folder; the file is in place.
	if err := d.sync(f); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EINVAL) {
		return fmt.Errorf("sync folder: %w", err)
	}
	return nil
}
