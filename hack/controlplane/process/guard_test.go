package process

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

func TestNothingOutlivesTheOwner(t *testing.T) {
	t.Parallel()
	for _, s := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT, syscall.SIGTERM} {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			home := t.TempDir()
			dir := filepath.Join(home, "group")
			spec := role(t, "owner", dir)
			owner := exec.Command(spec.Path, spec.Args...)
			owner.Env = append(os.Environ(), spec.Env...)
			if err := owner.Start(); err != nil {
				t.Fatal(err)
			}
			var pid int
			within(t, "the owner runs its program", func() bool {
				text, err := os.ReadFile(filepath.Join(home, "pid"))
				if err != nil {
					return false
				}
				pid, err = strconv.Atoi(string(text))
				return err == nil
			})
			if err := owner.Process.Signal(s); err != nil {
				t.Fatal(err)
			}
			// The owner ends by the signal; that is not an error here.
			_ = owner.Wait()
			within(t, "the program is gone", func() bool { return !alive(pid) })
			within(t, "the directory is gone", func() bool {
				_, err := os.Stat(dir)
				return os.IsNotExist(err)
			})
		})
	}
}

func TestGuardCloseKillsWhatIsLeftAndRemovesTheDirectory(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "guarded")
	guard, err := NewGuard(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "a", "b"), 0o700); err != nil {
		t.Fatal(err)
	}
	// The shell's child is in the group as well, though nobody but the shell knows it.
	shell := exec.Command("/bin/sh", "-c", "sleep 600 & echo $! >"+filepath.Join(dir, "child")+"; wait")
	shell.SysProcAttr = guard.Attr()
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	var child int
	within(t, "the shell starts a child", func() bool {
		text, err := os.ReadFile(filepath.Join(dir, "child"))
		if err != nil || len(text) == 0 {
			return false
		}
		child, err = strconv.Atoi(string(text[:len(text)-1]))
		return err == nil
	})
	if err := guard.Close(); err != nil {
		t.Fatal(err)
	}
	if err := shell.Wait(); err == nil {
		t.Error("the shell ended by itself, want killed")
	}
	within(t, "the shell's child is gone", func() bool { return !alive(child) })
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the directory is still there: %v", err)
	}
}
