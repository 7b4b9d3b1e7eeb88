package artifact

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// next is the model that replaces the tiny one in these tests.
func next() *Model {
	m := tiny()
	m.Parent = m.Hash()
	m.Tensors[0].Data[0] = 42
	return m
}

// folder returns a path that holds the tiny model, alone in its folder.
func folder(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := WriteFile(path, tiny()); err != nil {
		t.Fatal(err)
	}
	return path
}

// checkFile wants exactly one model at path and nothing else beside it.
func checkFile(t *testing.T, path string, want *Model) {
	t.Helper()
	got, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, sameModel); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 {
		t.Errorf("the folder holds %v", entries)
	}
}

func TestWriteFile(t *testing.T) {
	path := folder(t)
	checkFile(t, path, tiny())
	if err := WriteFile(path, next()); err != nil {
		t.Fatal(err)
	}
	checkFile(t, path, next())
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != 0o644 {
		t.Errorf("mode %v, want -rw-r--r--", info.Mode())
	}
}

func TestWriteFileInWorkingDirectory(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := WriteFile("model*.safetensors", tiny()); err != nil {
		t.Fatal(err)
	}
	checkFile(t, filepath.Join(dir, "model*.safetensors"), tiny())
}

func TestWriteFileKeepsTheOldModel(t *testing.T) {
	path := folder(t)
	invalid := next()
	invalid.Tensors = nil
	if err := WriteFile(path, invalid); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v, want %q with the path", err, ErrInvalid)
	}
	checkFile(t, path, tiny())
}

func TestWriteFileWhereItCannot(t *testing.T) {
	path := folder(t)
	for name, target := range map[string]string{
		"no such folder":     filepath.Join(path+".d", "model"),
		"folder is a file":   filepath.Join(path, "model"),
		"target is a folder": filepath.Dir(path),
	} {
		if err := WriteFile(target, next()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	siblings, err := os.ReadDir(filepath.Dir(filepath.Dir(path)))
	if err != nil {
		t.Fatal(err)
	}
	if len(siblings) != 1 {
		t.Errorf("left over beside the folder: %v", siblings)
	}
	checkFile(t, path, tiny())
}

// TestFailureAtEveryStep replaces a model on a disk that fails.
func TestFailureAtEveryStep(t *testing.T) {
	broken := errors.New("input/output error")
	write := func(w io.Writer) error { return Write(w, next()) }
	isDir := func(f *os.File) bool {
		info, err := f.Stat()
		return err == nil && info.IsDir()
	}
	working := disk{sync: (*os.File).Sync, rename: os.Rename}
	for _, c := range []struct {
		name  string
		disk  disk
		write func(io.Writer) error
		want  *Model
	}{
		{"first byte", working, func(io.Writer) error { return broken }, tiny()},
		{"half the file", working, func(w io.Writer) error {
			_, err := w.Write(bytes.Repeat([]byte{1}, 10_000))
			return errors.Join(err, broken)
		}, tiny()},
		{"sync", disk{sync: func(*os.File) error { return broken }, rename: os.Rename}, write, tiny()},
		{"rename", disk{sync: (*os.File).Sync, rename: func(string, string) error { return broken }}, write, tiny()},
		{"sync of the folder", disk{rename: os.Rename, sync: func(f *os.File) error {
			if isDir(f) {
				return broken
			}
			return f.Sync()
		}}, write, next()},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := folder(t)
			if err := c.disk.replace(path, c.write); !errors.Is(err, broken) {
				t.Errorf("error %v, want %v", err, broken)
			}
			checkFile(t, path, c.want)
		})
	}
	t.Run("folder cannot be synced at all", func(t *testing.T) {
		path := folder(t)
		d := disk{rename: os.Rename, sync: func(f *os.File) error {
			if isDir(f) {
				return &os.PathError{Op: "sync", Path: f.Name(), Err: errors.ErrUnsupported}
			}
			return f.Sync()
		}}
		if err := d.replace(path, write); err != nil {
			t.Error(err)
		}
		checkFile(t, path, next())
	})
}

// TestSyncedBeforeRenamed holds the order that makes a crash harmless.
func TestSyncedBeforeRenamed(t *testing.T) {
	path := folder(t)
	var steps []string
	d := disk{
		sync: func(f *os.File) error {
			info, err := f.Stat()
			if err != nil {
				return err
			}
			step := "sync folder"
			if !info.IsDir() {
				step = fmt.Sprintf("sync %v", info.Size() == int64(len(encode(t, next()))))
			}
			steps = append(steps, step)
			return f.Sync()
		},
		rename: func(from, to string) error {
			steps = append(steps, "rename")
			return os.Rename(from, to)
		},
	}
	if err := d.replace(path, func(w io.Writer) error { return Write(w, next()) }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"sync true", "rename", "sync folder"}, steps); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestKilledWhileReplacing kills a process at each step of replacing a model.
// The test runs itself as that process.
func TestKilledWhileReplacing(t *testing.T) {
	const variable, test = "ARTIFACT_TEST_KILL", "^TestKilledWhileReplacing$"
	if step, path, ok := strings.Cut(os.Getenv(variable), ":"); ok {
		err := killedAt(step).replace(path, func(w io.Writer) error {
			if err := Write(w, next()); err != nil || step != "write" {
				return err
			}
			return die()
		})
		t.Fatalf("still alive: %v", err)
	}
	for step, want := range map[string]*Model{"write": tiny(), "sync": tiny(), "rename": tiny(), "renamed": next()} {
		path := folder(t)
		child := exec.Command(os.Args[0], "-test.run", test)
		child.Env = append(os.Environ(), variable+"="+step+":"+path)
		output, err := child.CombinedOutput()
		if exit := new(exec.ExitError); !errors.As(err, &exit) || exit.Exited() {
			t.Fatalf("%s: the process was not killed: %v\n%s", step, err, output)
		}
		got, err := ReadFile(path)
		if err != nil {
			t.Fatalf("%s: %v", step, err)
		}
		if diff := cmp.Diff(want, got, sameModel); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", step, diff)
		}
		if err := WriteFile(path, next()); err != nil {
			t.Errorf("%s: the next process: %v", step, err)
		}
	}
}

func killedAt(step string) disk {
	return disk{
		sync: func(f *os.File) error {
			if step == "sync" {
				return die()
			}
			return f.Sync()
		},
		rename: func(from, to string) error {
			if step == "rename" {
				return die()
			}
			err := os.Rename(from, to)
			if step == "renamed" {
				return die()
			}
			return err
		},
	}
}

// die ends the process as the kernel would, without a chance to clean up.
func die() error {
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		return err
	}
	if err := self.Kill(); err != nil {
		return err
	}
	select {}
}

// TestReadersSeeWholeModels replaces a model while others read it.
func TestReadersSeeWholeModels(t *testing.T) {
	path := folder(t)
	allowed := map[string]bool{tiny().Hash(): true, next().Hash(): true}
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				m, err := ReadFile(path)
				if err != nil {
					t.Error(err)
					return
				}
				if !allowed[m.Hash()] {
					t.Errorf("read a model %q that nobody wrote", m.Hash())
					return
				}
			}
		})
	}
	var writers sync.WaitGroup
	for _, m := range []*Model{tiny(), next()} {
		writers.Go(func() {
			for range 20 {
				if err := WriteFile(path, m); err != nil {
					t.Error(err)
				}
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
}
