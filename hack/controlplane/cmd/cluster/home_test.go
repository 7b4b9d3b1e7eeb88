package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestStateIsValidWhileItsLockIsHeld(t *testing.T) {
	h := home{name: "a", dir: filepath.Join(t.TempDir(), "a")}
	if _, err := h.read(); !errors.Is(err, errNotRunning) {
		t.Errorf("without a directory: %v, want errNotRunning", err)
	}
	if err := os.Mkdir(h.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if was, err := h.stop(t.Context(), time.Second); was || err != nil {
		t.Errorf("stop while it starts: %v, %v", was, err)
	}
	if _, err := os.Stat(h.dir); err != nil {
		t.Errorf("the directory of a cluster that starts was removed: %v", err)
	}
	want := state{Name: "a", PID: 1 << 30, Dir: h.dir, Kubeconfig: "k", Kubectl: "kubectl"}
	locked, err := h.write(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := h.read()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
	if err := locked.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := h.read(); !errors.Is(err, errNotRunning) {
		t.Errorf("with a state that nobody holds: %v, want errNotRunning", err)
	}
	if was, err := h.stop(t.Context(), time.Second); was || err != nil {
		t.Errorf("stop after a crash: %v, %v", was, err)
	}
	if _, err := os.Stat(h.dir); !os.IsNotExist(err) {
		t.Errorf("what a crash left is still there: %v", err)
	}
}

func TestBrokenStateIsNamed(t *testing.T) {
	h := home{name: "a", dir: t.TempDir()}
	locked, err := h.write(state{})
	if err != nil {
		t.Fatal(err)
	}
	defer locked.Close()
	if err := locked.Truncate(3); err != nil {
		t.Fatal(err)
	}
	if _, err := h.read(); err == nil || errors.Is(err, errNotRunning) {
		t.Errorf("got %v, want a decoding error", err)
	}
}

func TestNamesStayInsideTheDirectory(t *testing.T) {
	for _, name := range []string{"", ".", "..", "../x", "a/b", "A", "-a", "a-", "a_b"} {
		if _, err := homeOf(name); err == nil {
			t.Errorf("name %q was accepted", name)
		}
	}
	for _, name := range []string{"a", "deepscaler", "test-1"} {
		if _, err := homeOf(name); err != nil {
			t.Error(err)
		}
	}
}
