package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
)

// pipeVariable marks a detached process, whose file descriptor 3 is the pipe for its
// report to the caller.
const pipeVariable = "DEEPSCALER_CLUSTER_DETACHED"

// detach runs this command again with --foreground in a session of its own and copies its
// progress. It returns when that process closes the pipe: the cluster is ready or the
// start has failed.
func detach(ctx context.Context, home home, out, progress io.Writer) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("start the cluster in the background: %w", err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("start the cluster in the background: %w", err)
	}
	defer read.Close()
	cmd := exec.Command(self, append(os.Args[1:], "--foreground")...)
	cmd.Env = append(os.Environ(), pipeVariable+"=yes")
	cmd.ExtraFiles = []*os.File{write}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Start()
	if closeErr := write.Close(); err != nil || closeErr != nil {
		return fmt.Errorf("start the cluster in the background: %w", errors.Join(err, closeErr))
	}
	// Ctrl-C reaches only this process; the other one cleans up on SIGTERM and
	// closes the pipe.
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })
	defer stop()
	if _, err := io.Copy(progress, read); err != nil {
		return fmt.Errorf("follow the start of the cluster: %w", err)
	}
	s, err := home.read()
	if errors.Is(err, errNotRunning) {
		// The copied output has the reason.
		return fmt.Errorf("the cluster did not start: %w", errors.Join(context.Cause(ctx), cmd.Wait()))
	}
	if err != nil {
		return err
	}
	fmt.Fprint(out, s.describe())
	return cmd.Process.Release()
}

// reporter writes progress and failures: to standard error in the foreground; in a
// detached process to the pipe, and once the cluster is ready to a file in the data
// directory.
type reporter struct {
	io.Writer
	pipe *os.File
}

// reportTo finds out whether this process is detached.
func reportTo(stderr io.Writer) (*reporter, error) {
	if os.Getenv(pipeVariable) == "" {
		return &reporter{Writer: stderr}, nil
	}
	// Otherwise every program of the cluster would inherit both and hold the pipe open.
	if err := os.Unsetenv(pipeVariable); err != nil {
		return nil, err
	}
	syscall.CloseOnExec(3)
	pipe := os.NewFile(3, "report")
	return &reporter{Writer: pipe, pipe: pipe}, nil
}

// ready releases the caller of a detached process, and writes later reports to a
// file.
func (r *reporter) ready(path string) error {
	if r.pipe == nil {
		return nil
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the file of failures: %w", err)
	}
	r.Writer = file
	return r.pipe.Close()
}

// fail reports a failed start to the caller of a detached process. A process in the
// foreground prints it in any case.
func (r *reporter) fail(err error) error {
	if r.pipe != nil {
		fmt.Fprintln(r.pipe, "error:", err)
	}
	return err
}
