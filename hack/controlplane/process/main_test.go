package process

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience bounds every wait. Load on the machine may use it up; nothing that works
// needs it.
const patience = time.Minute

// roleVariable makes the test binary play one of the programs that the tests run.
const roleVariable = "PROCESS_TEST_ROLE"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(play(role))
	}
	goleak.VerifyTestMain(m)
}

func play(role string) int {
	switch role {
	case "fail":
		fmt.Println("opening the store")
		fmt.Fprintln(os.Stderr, "fatal: the store is locked")
		return 3
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("ignoring SIGTERM")
		time.Sleep(time.Minute)
	case "serve":
		return serve()
	case "owner":
		return own()
	}
	return 0
}

// serve listens on the port of its first argument until SIGTERM.
func serve() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", os.Args[1]))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer listener.Close()
	<-ctx.Done()
	fmt.Println("leaving on SIGTERM")
	return 0
}

// own runs a program in a group in the directory of its first argument, writes that
// program's id beside the directory, and never stops it.
func own() int {
	dir := os.Args[1]
	group, err := NewGroup(dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	p, err := group.Run(context.Background(), Spec{Name: "sleep", Path: "/bin/sleep", Args: []string{"600"}})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	pidFile := filepath.Join(filepath.Dir(dir), "pid")
	if err := os.WriteFile(pidFile+".tmp", []byte(strconv.Itoa(p.PID())), 0o600); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := os.Rename(pidFile+".tmp", pidFile); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	time.Sleep(time.Minute)
	return 1
}

// role returns the Spec of the test binary playing a role.
func role(t *testing.T, name string, args ...string) Spec {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Spec{Name: name, Path: self, Args: args, Env: []string{roleVariable + "=" + name}}
}

func newGroup(t *testing.T) *Group {
	t.Helper()
	group, err := NewGroup(filepath.Join(t.TempDir(), "group"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := group.Close(); err != nil {
			t.Error(err)
		}
	})
	return group
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

func within(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}
