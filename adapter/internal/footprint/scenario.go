package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
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
	// reads is how many of the metric there are per second while models are handed over;
	// 0 measures the footprint.
	reads int
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
	launch := func(name string) (*replica, error) {
		return s.launch(ctx, filepath.Join(dir, name), prometheus.URL, kube.Kubeconfig())
	}
	if s.reads > 0 {
		return s.handOver(ctx, out, services, launch)
	}
	adapter, err := launch("adapter")
	if err != nil {
		return err
	}
	c := newCluster(adapter.url, services)
	measured := c.waitReady(ctx)
	hash := ""
	if measured == nil {
		hash, measured = s.learn(services, adapter.exchange, "", needs()[0])
	}
	if measured == nil {
		measured = s.measure(ctx, out, c, process(adapter.command.Process.Pid), hash)
	}
	began := time.Now()
	err = adapter.stop(measured)
	fmt.Fprintf(out, "stopped in %v\n", time.Since(began).Round(time.Millisecond))
	return err
}

// measure prints the footprint and returns an error when it is above the bars.
func (s scenario) measure(ctx context.Context, out io.Writer, c *cluster, p process, hash string) error {
	go c.load(ctx)
	if err := sleep(ctx, s.warmUp); err != nil {
		return err
	}
	before, err := p.cpu()
	if err != nil {
		return err
	}
	began, peak, own := time.Now(), int64(0), int64(0)
	for time.Since(began) < s.duration {
		resident, mapped, err := p.resident()
		if err != nil {
			return err
		}
		peak, own = max(peak, resident), max(own, resident-mapped)
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
	}
	after, err := p.cpu()
	if err != nil {
		return err
	}
	cores := (after - before).Seconds() / time.Since(began).Seconds()
	fmt.Fprintf(out, "%d services, step %v: at most %.1f MiB resident (without the mapped program: %.1f MiB), %.4f core (bars: %.1f MiB, %v core)\n",
		s.services, s.step, float64(peak)/(1<<20), float64(own)/(1<<20), cores, float64(maxResident)/(1<<20), maxCores)
	if err := c.modelServes(ctx, hash); err != nil {
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
