package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/exchange"
	"github.com/deepscaler/deepscaler/estimator/queueing"
)

// maxResident is the bar in bytes.
const maxResident = 350e6

type scenario struct {
	binary        string
	services      int
	step, history time.Duration
	memory        string
	iterations    int
}

func (s scenario) run(ctx context.Context, out io.Writer) (err error) {
	server := httptest.NewServer(prometheus{s.services, time.Now().Add(-s.history).Unix()})
	defer server.Close()
	folder, err := os.MkdirTemp("", "footprint")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	dir := exchange.Dir(filepath.Join(folder, "exchange"))
	if err := os.Mkdir(string(dir), 0o700); err != nil {
		return err
	}
	if err := dir.WriteList(&exchange.List{Written: time.Now(), Applications: []exchange.Application{s.application()}}); err != nil {
		return err
	}
	config := filepath.Join(folder, "config.yaml")
	if err := os.WriteFile(config, fmt.Appendf(nil, `telemetry:
  prometheus: {url: %q}
  queries: {replicas: replicas, cpu: cpu, latency: latency, requests: requests, memory: memory, calls: calls}
learner: {interval: 24h, maxAge: 24h, history: %v, leastHistory: %v, iterations: %d}
`, server.URL, s.history, s.history/2, s.iterations), 0o600); err != nil {
		return err
	}
	learner := exec.CommandContext(ctx, s.binary, "learner", "--config", config, "--exchange", string(dir))
	learner.Env = append(os.Environ(), "GOMEMLIMIT="+s.memory)
	learner.Cancel = func() error { return learner.Process.Signal(os.Interrupt) }
	log := &bytes.Buffer{}
	learner.Stdout, learner.Stderr = log, log
	started := time.Now()
	if err := learner.Start(); err != nil {
		return fmt.Errorf("start the learner: %w", err)
	}
	peak, watched := s.watch(ctx, dir, learner.Process.Pid)
	began := time.Now()
	if err := errors.Join(watched, learner.Process.Signal(os.Interrupt), learner.Wait()); err != nil {
		return fmt.Errorf("%w; the learner's log:\n%s", err, log)
	}
	cpu := learner.ProcessState.UserTime() + learner.ProcessState.SystemTime()
	fmt.Fprintf(out, "%d services, %v of history in steps of %v: at most %.1f MB resident (bar: %.1f MB), %.1f core-seconds, %.1f s on the clock, stopped in %v\n",
		s.services, s.history, s.step, float64(peak)/1e6, maxResident/1e6, cpu.Seconds(), began.Sub(started).Seconds(), time.Since(began).Round(time.Millisecond))
	fmt.Fprintf(out, "%s", log)
	if peak > maxResident {
		return errors.New("the learner needs more than its limit")
	}
	return nil
}

// watch returns the most memory that is resident until the learner reports.
func (s scenario) watch(ctx context.Context, dir exchange.Dir, pid int) (peak int64, err error) {
	for {
		if _, err := dir.ReadReport("shop"); err == nil {
			return peak, nil
		}
		if status, err := dir.ReadStatus(); err == nil && len(status.Applications) == 1 && status.Applications[0].State == exchange.Failed {
			return peak, errors.New(status.Applications[0].Detail)
		}
		resident, err := residentOf(pid)
		if err != nil {
			return peak, err
		}
		peak = max(peak, resident)
		select {
		case <-ctx.Done():
			return peak, context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// residentOf returns the bytes of memory in use.
func residentOf(pid int) (int64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	fields := bytes.Fields(data)
	if len(fields) < 2 {
		return 0, syscall.ESRCH
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	return pages * int64(os.Getpagesize()), err
}

// application is what an adapter with its defaults lists.
func (s scenario) application() exchange.Application {
	q := queueing.DefaultConfig()
	a := exchange.Application{
		Name: "shop", Step: exchange.Duration{Duration: s.step}, Window: 80, QueueingWindow: 40,
		Features: estimator.FeatureNames(estimator.DefaultFeatures()), LeadTime: exchange.Duration{Duration: max(time.Minute, s.step)}, Quantile: 0.8,
		MinUtilisation: q.MinUtilisation, MaxUtilisation: q.MaxUtilisation, Headroom: q.Headroom,
	}
	for n := range s.services {
		a.Services = append(a.Services, exchange.Service{Name: fmt.Sprintf("shop/service-%02d", n), Min: 1, Max: 40})
	}
	return a
}
