package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/deepscaler/deepscaler/adapter/internal/fakekube"
	"github.com/deepscaler/deepscaler/adapter/internal/fakeprometheus"
	"github.com/deepscaler/deepscaler/estimator"
)

// The bars.
const (
	maxResident = 96e6 // bytes
	maxCores    = 0.02
)

type scenario struct {
	binary           string
	services         int
	step             time.Duration
	warmUp, duration time.Duration
}

func (s scenario) run(ctx context.Context, out io.Writer) (err error) {
	var services []estimator.Service
	for i := range s.services {
		services = append(services, estimator.Service{Namespace: "shop", Name: fmt.Sprintf("service-%d", i)})
	}
	prometheus := fakeprometheus.New(services)
	defer prometheus.Close()
	kube := fakekube.New()
	defer kube.Close()
	kube.User = func(token string) string { return token }
	kube.Allow = func(user, _, _ string) bool { return user != "" }
	if err := kube.Install(); err != nil {
		return err
	}
	for _, service := range services {
		if err := kube.PutAutoscaler(fakekube.Autoscaler(service.Namespace, service.Name)); err != nil {
			return err
		}
	}

	dir, err := os.MkdirTemp("", "footprint")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	shared := filepath.Join(dir, "exchange")
	if err := s.learn(services, shared); err != nil {
		return fmt.Errorf("play the learner: %w", err)
	}
	config, kubeconfig := filepath.Join(dir, "config.yaml"), filepath.Join(dir, "kubeconfig")
	if err := errors.Join(
		os.WriteFile(kubeconfig, kube.Kubeconfig(), 0o600),
		os.WriteFile(config, fmt.Appendf(nil, `apiVersion: config.deepscaler.io/v1alpha1
kind: AdapterConfiguration
step: %v
telemetry: {prometheus: {url: %q}, rateWindow: %v}
certificates: {namespace: %s}
models: {exchange: %q}
`, s.step, prometheus.URL, max(time.Minute, s.step), fakekube.Namespace, shared), 0o600),
	); err != nil {
		return err
	}
	port, err := freePort(ctx)
	if err != nil {
		return err
	}
	program := filepath.Join(dir, "deepscaler")
	if err := install(program, s.binary); err != nil {
		return err
	}
	adapter := exec.CommandContext(ctx, program, "adapter", "--config", config, "--kubeconfig", kubeconfig,
		"--bind-address", "127.0.0.1", "--secure-port", port, "--cert-dir", filepath.Join(dir, "certificates"))
	adapter.Cancel = func() error { return adapter.Process.Signal(os.Interrupt) }
	log := &strings.Builder{}
	adapter.Stdout, adapter.Stderr = log, log
	if err := adapter.Start(); err != nil {
		return fmt.Errorf("start the adapter: %w", err)
	}
	measured := s.measure(ctx, out, newCluster("https://127.0.0.1:"+port, services), process(adapter.Process.Pid))
	began := time.Now()
	stopped := errors.Join(adapter.Process.Signal(os.Interrupt), adapter.Wait())
	fmt.Fprintf(out, "stopped in %v\n", time.Since(began).Round(time.Millisecond))
	if err := errors.Join(measured, stopped); err != nil {
		return fmt.Errorf("%w; the adapter's log:\n%s", err, log)
	}
	return nil
}

// measure prints the footprint and returns an error when it is above the bars.
func (s scenario) measure(ctx context.Context, out io.Writer, c *cluster, p process) error {
	if err := c.waitReady(ctx); err != nil {
		return err
	}
	go c.load(ctx)
	if err := sleep(ctx, s.warmUp); err != nil {
		return err
	}
	before, err := p.cpu()
	if err != nil {
		return err
	}
	began, peak := time.Now(), int64(0)
	for time.Since(began) < s.duration {
		resident, err := p.resident()
		if err != nil {
			return err
		}
		peak = max(peak, resident)
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
	}
	after, err := p.cpu()
	if err != nil {
		return err
	}
	cores := (after - before).Seconds() / time.Since(began).Seconds()
	fmt.Fprintf(out, "%d services, step %v: at most %.1f MiB resident, %.4f core (bars: %.1f MiB, %v core)\n",
		s.services, s.step, float64(peak)/(1<<20), cores, float64(maxResident)/(1<<20), maxCores)
	if err := c.modelServes(ctx); err != nil {
		return err
	}
	if failed := c.failed.Load(); failed > 0 {
		return fmt.Errorf("%d requests failed", failed)
	}
	if peak > maxResident || cores > maxCores {
		return errors.New("the adapter needs more than its limits")
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func freePort(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, errors.Join(err, l.Close())
}
