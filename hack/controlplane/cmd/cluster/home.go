package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// home is the data directory of a named cluster. It exists while the cluster runs.
type home struct {
	name, dir string
}

// state describes a running cluster, in cluster.json. The process that runs the cluster
// holds a lock on the file, so a state without a lock comes from a crash.
type state struct {
	Name       string `json:"name"`
	PID        int    `json:"pid"`
	Dir        string `json:"dir"`
	Kubeconfig string `json:"kubeconfig"`
	Kubectl    string `json:"kubectl"`
	Prometheus string `json:"prometheus,omitempty"`
	JaegerUI   string `json:"jaegerQuery,omitempty"`
	JaegerOTLP string `json:"jaegerOTLP,omitempty"`
	// Processes are the ids of the programs at the start.
	Processes map[string]int `json:"processes"`
}

var (
	errNotRunning = errors.New("the cluster does not run; start it with: up")
	validName     = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$`)
)

func homeOf(name string) (home, error) {
	if !validName.MatchString(name) {
		return home{}, fmt.Errorf("cluster name %q: want at most 42 lower-case letters, digits and inner hyphens", name)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return home{}, fmt.Errorf("find the directory of the clusters: %w", err)
	}
	return home{name: name, dir: filepath.Join(cache, "deepscaler", "clusters", name)}, nil
}

func (h home) stateFile() string { return filepath.Join(h.dir, "cluster.json") }

func (h home) failureFile() string { return filepath.Join(h.dir, "failures.log") }

// write publishes the state and holds its lock until the returned file is closed.
func (h home) write(s state) (*os.File, error) {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the cluster's state: %w", err)
	}
	temporary := h.stateFile() + ".new"
	file, err := os.OpenFile(temporary, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("write the cluster's state: %w", err)
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		_, err = file.Write(append(text, '\n'))
	}
	if err == nil {
		err = os.Rename(temporary, h.stateFile())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("write the cluster's state: %w", err), file.Close())
	}
	return file, nil
}

// read returns the state of the running cluster; errNotRunning if there is none.
func (h home) read() (state, error) {
	file, err := os.Open(h.stateFile())
	if errors.Is(err, os.ErrNotExist) {
		return state{}, errNotRunning
	}
	if err != nil {
		return state{}, fmt.Errorf("read the cluster's state: %w", err)
	}
	defer file.Close()
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); !errors.Is(err, syscall.EWOULDBLOCK) {
		return state{}, errNotRunning
	}
	var s state
	if err := json.NewDecoder(file).Decode(&s); err != nil {
		return state{}, fmt.Errorf("read the cluster's state in %s: %w", h.stateFile(), err)
	}
	return s, nil
}

// failures returns the reports about programs that ended by themselves.
func (h home) failures() (string, error) {
	text, err := os.ReadFile(h.failureFile())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("read the cluster's failures: %w", err)
	}
	return string(text), nil
}

// stop ends the cluster and waits until its directory is gone. It reports whether the cluster ran.
func (h home) stop(ctx context.Context, limit time.Duration) (bool, error) {
	s, err := h.read()
	if errors.Is(err, errNotRunning) {
		return false, h.clear()
	}
	if err != nil {
		return false, err
	}
	if err := syscall.Kill(s.PID, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
		return false, fmt.Errorf("stop process %d of the cluster: %w", s.PID, err)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for {
		if _, err := os.Stat(h.dir); errors.Is(err, os.ErrNotExist) {
			return true, nil
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return false, fmt.Errorf("process %d of the cluster did not clean up %s: %w", s.PID, h.dir, ctx.Err())
		}
	}
}

// clear removes the remains of a crash of the whole machine. It does not touch a
// directory without a state, in which a cluster may be starting.
func (h home) clear() error {
	if _, err := os.Stat(h.stateFile()); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err := os.RemoveAll(h.dir); err != nil {
		return fmt.Errorf("remove the remains of a crash: %w", err)
	}
	return nil
}

func (s state) describe() string {
	var b strings.Builder
	fmt.Fprintf(&b, "cluster %q runs (process %d)\n", s.Name, s.PID)
	fmt.Fprintf(&b, "  kubeconfig  %s\n", s.Kubeconfig)
	for _, line := range []struct{ label, value string }{
		{"Prometheus", s.Prometheus}, {"Jaeger", s.JaegerUI}, {"OTLP/HTTP", s.JaegerOTLP},
	} {
		if line.value != "" {
			fmt.Fprintf(&b, "  %-10s  %s\n", line.label, line.value)
		}
	}
	fmt.Fprintf(&b, "\nTry:\n  export KUBECONFIG=%s\n  %s get nodes\n", s.Kubeconfig, s.Kubectl)
	return b.String()
}
