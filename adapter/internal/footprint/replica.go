package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/deepscaler/deepscaler/adapter/internal/fakekube"
)

// replica is a running adapter.
type replica struct {
	command *exec.Cmd
	log     *strings.Builder
	url     string
	// exchange is the folder that it shares with its learner.
	exchange string
}

// launch starts an adapter with all its files in a new folder.
func (s scenario) launch(ctx context.Context, dir, prometheus string, kubeconfig []byte) (*replica, error) {
	r := &replica{log: &strings.Builder{}, exchange: filepath.Join(dir, "exchange")}
	config, access := filepath.Join(dir, "config.yaml"), filepath.Join(dir, "kubeconfig")
	if err := errors.Join(
		os.MkdirAll(r.exchange, 0o700),
		os.WriteFile(access, kubeconfig, 0o600),
		os.WriteFile(config, fmt.Appendf(nil, `apiVersion: config.deepscaler.io/v1alpha1
kind: AdapterConfiguration
step: %v
telemetry: {prometheus: {url: %q}, rateWindow: %v}
certificates: {namespace: %s}
models: {exchange: %q}
`, s.step, prometheus, max(time.Minute, s.step), fakekube.Namespace, r.exchange), 0o600),
	); err != nil {
		return nil, err
	}
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	program := filepath.Join(dir, "deepscaler")
	if err := install(program, s.binary); err != nil {
		return nil, err
	}
	r.url = "https://127.0.0.1:" + port
	r.command = exec.CommandContext(ctx, program, "adapter", "--config", config, "--kubeconfig", access,
		"--bind-address", "127.0.0.1", "--secure-port", port, "--cert-dir", filepath.Join(dir, "certificates"))
	r.command.Cancel = func() error { return r.command.Process.Signal(os.Interrupt) }
	r.command.Stdout, r.command.Stderr = r.log, r.log
	if err := r.command.Start(); err != nil {
		return nil, fmt.Errorf("start the adapter: %w", err)
	}
	return r, nil
}

// stop ends the adapter, and adds its log to an error, which may be nil.
func (r *replica) stop(err error) error {
	if err = errors.Join(err, r.command.Process.Signal(os.Interrupt), r.command.Wait()); err != nil {
		return fmt.Errorf("%w; the adapter's log:\n%s", err, r.log)
	}
	return nil
}

func freePort(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, errors.Join(err, l.Close())
}
