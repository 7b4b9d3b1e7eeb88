package process

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestCloseLeavesNothing(t *testing.T) {
	group := newGroup(t)
	p, _ := server(t, group)
	sleep, err := group.Run(t.Context(), Spec{Name: "sleep", Path: "/bin/sleep", Args: []string{"600"}})
	if err != nil {
		t.Fatal(err)
	}
	pids := []int{p.PID(), sleep.PID()}
	if err := group.Close(); err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids {
		if alive(pid) {
			t.Errorf("process %d is still running", pid)
		}
	}
	if _, err := os.Stat(group.Dir()); !os.IsNotExist(err) {
		t.Errorf("the directory is still there: %v", err)
	}
	if err, open := <-group.Failed(); open {
		t.Errorf("reported as failed: %v", err)
	}
	if _, err := group.Run(t.Context(), Spec{Name: "late", Path: "/bin/sleep"}); !errors.Is(err, ErrStopped) {
		t.Errorf("Run after Close: %v, want ErrStopped", err)
	}
	if err := sleep.Start(t.Context()); !errors.Is(err, ErrStopped) {
		t.Errorf("Start after Close: %v, want ErrStopped", err)
	}
}

func TestGroupRefusesAUsedDirectory(t *testing.T) {
	dir := t.TempDir()
	precious := filepath.Join(dir, "thesis.tex")
	if err := os.WriteFile(precious, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if group, err := NewGroup(dir); !errors.Is(err, ErrDirInUse) {
		t.Errorf("got %v, want ErrDirInUse", err)
		if group != nil {
			group.Close()
		}
	}
	if _, err := os.Stat(precious); err != nil {
		t.Error(err)
	}
}

func TestNamesAreUnique(t *testing.T) {
	group := newGroup(t)
	spec := Spec{Name: "sleep", Path: "/bin/sleep", Args: []string{"600"}}
	if _, err := group.Run(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	if _, err := group.Run(t.Context(), spec); err == nil {
		t.Error("two programs share a name, and so a log")
	}
}

func TestMissingProgramIsNamed(t *testing.T) {
	group := newGroup(t)
	_, err := group.Run(t.Context(), Spec{Name: "etcd", Path: filepath.Join(t.TempDir(), "etcd")})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want a not-exist error", err)
	}
}
