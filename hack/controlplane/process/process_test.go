package process

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// server runs the "serve" role on a free port.
func server(t *testing.T, group *Group) (*Process, string) {
	t.Helper()
	ports, err := ClaimPorts()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ports.Close() })
	port, err := ports.Next()
	if err != nil {
		t.Fatal(err)
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	spec := role(t, "serve", strconv.Itoa(port))
	spec.Grace = patience
	spec.Ready = func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return conn.Close()
	}
	p, err := group.Run(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	return p, address
}

// hasLog reports whether a program has written anything.
func hasLog(group *Group, name string) bool {
	text, err := os.ReadFile(filepath.Join(group.Dir(), "logs", name+".log"))
	return err == nil && len(text) > 0
}

func noFailure(t *testing.T, group *Group) {
	t.Helper()
	select {
	case err := <-group.Failed():
		t.Errorf("reported as failed: %v", err)
	default:
	}
}

func TestStopThenStartUsesTheSamePort(t *testing.T) {
	group := newGroup(t)
	p, address := server(t, group)
	first := p.PID()
	if err := p.Start(t.Context()); err == nil {
		t.Error("a second Start succeeded while the program was running")
	}
	if err := p.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p.PID() != 0 || alive(first) {
		t.Errorf("still running after Stop: PID() = %d", p.PID())
	}
	if conn, err := net.Dial("tcp", address); err == nil {
		conn.Close()
		t.Error("the port still answers after Stop")
	}
	lines, err := Tail(p.LogFile())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"leaving on SIGTERM"}, lines); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	if err := p.Stop(t.Context()); err != nil {
		t.Errorf("a second Stop: %v", err)
	}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	noFailure(t, group)
}

func TestUnexpectedEndIsReportedOnce(t *testing.T) {
	group := newGroup(t)
	p, _ := server(t, group)
	if err := syscall.Kill(p.PID(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	err := <-group.Failed()
	var failure *Failure
	if !errors.As(err, &failure) {
		t.Fatalf("got %v, want a *Failure", err)
	}
	want := "serve ended: exit status 0; its log ends with:\n  leaving on SIGTERM"
	if failure.Name != "serve" || err.Error() != want {
		t.Errorf("got  %q\nwant %q", err, want)
	}
	if err := p.Start(t.Context()); err != nil {
		t.Errorf("start again after a failure: %v", err)
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	noFailure(t, group)
}

func TestEndBeforeReadyIsTheErrorOfRun(t *testing.T) {
	group := newGroup(t)
	spec := role(t, "fail")
	spec.Ready = func(context.Context) error { return errors.New("connection refused") }
	_, err := group.Run(t.Context(), spec)
	var failure *Failure
	if !errors.As(err, &failure) {
		t.Fatalf("got %v, want a *Failure", err)
	}
	want := []string{"opening the store", "fatal: the store is locked"}
	if diff := cmp.Diff(want, failure.Log); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	if failure.Err.Error() != "exit status 3" {
		t.Errorf("ended with %q, want exit status 3", failure.Err)
	}
	noFailure(t, group)
	if got := len(group.Processes()); got != 0 {
		t.Errorf("%d programs in the group after a failed Run", got)
	}
}

func TestRunGivesUpWithItsContext(t *testing.T) {
	group := newGroup(t)
	spec := role(t, "stubborn")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	spec.Ready = func(context.Context) error {
		if hasLog(group, spec.Name) {
			cancel()
		}
		return errors.New("no answer yet")
	}
	_, err := group.Run(ctx, spec)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want that the context has ended", err)
	}
	for _, part := range []string{"stubborn is not ready", "no answer yet", "ignoring SIGTERM"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not mention %q", err, part)
		}
	}
	noFailure(t, group)
}

func TestStopKillsAfterGrace(t *testing.T) {
	group := newGroup(t)
	spec := role(t, "stubborn")
	spec.Grace = 100 * time.Millisecond
	spec.Ready = func(context.Context) error {
		if !hasLog(group, spec.Name) {
			return errors.New("not ignoring SIGTERM yet")
		}
		return nil
	}
	p, err := group.Run(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	pid := p.PID()
	start := time.Now()
	if err := p.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < spec.Grace || alive(pid) {
		t.Errorf("stopped after %v, alive: %v", took, alive(pid))
	}
	noFailure(t, group)
}

func TestPausedProgramHangsAndCanBeStopped(t *testing.T) {
	group := newGroup(t)
	p, address := server(t, group)
	if err := p.Pause(); err != nil {
		t.Fatal(err)
	}
	if still, err := paused(p.PID()); !still || err != nil {
		t.Errorf("not standing still after Pause: %v", err)
	}
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatalf("the port of a paused program must stay open: %v", err)
	}
	conn.Close()
	if err := p.Resume(); err != nil {
		t.Fatal(err)
	}
	within(t, "it goes on", func() bool {
		still, err := paused(p.PID())
		return err == nil && !still
	})
	if err := p.Pause(); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := p.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took >= patience {
		t.Errorf("a paused program took %v to stop, its whole grace", took)
	}
	if err := p.Pause(); err == nil {
		t.Error("Pause of a stopped program succeeded")
	}
}
