package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"golang.org/x/term"

	"github.com/deepscaler/deepscaler/estimator/exchange"
	"github.com/deepscaler/deepscaler/hack/controlplane"
	"github.com/deepscaler/deepscaler/test/stack"
)

// The demo is faster than production, so that something happens within minutes: Δ is 2 s
// instead of 15 s, the HPA controller syncs every 2 s instead of every 15 s, and what the
// learner does in hours it does in minutes.
const (
	step       = 2 * time.Second
	window     = 20
	hpaSync    = 2 * time.Second
	podStart   = 3 * time.Second
	stabilised = 30 * time.Second
	maxPods    = 30
)

// learning is the learner's schedule.
func learning() *exchange.Learning {
	return &exchange.Learning{Interval: 30 * time.Second, History: 20 * time.Minute, LeastHistory: 4 * time.Minute, MaxAge: 3 * time.Minute, Iterations: 3}
}

type options struct {
	duration    time.Duration
	application string
	load        string
	rps         float64
	refresh     time.Duration
}

// example is the application that manifests/examples has HPAs for, in a namespace of
// its name.
const example = "online-boutique"

func (o options) namespace() string {
	if o.application == example {
		return example
	}
	return "shop"
}

func defaults() options {
	return options{application: example, load: "burst", rps: 60, refresh: 2 * time.Second}
}

func (o options) validate() error {
	switch {
	case o.duration < 0:
		return fmt.Errorf("--duration is %v, want at least 0", o.duration)
	case o.refresh < time.Second:
		return fmt.Errorf("--refresh is %v, want at least 1s", o.refresh)
	case o.rps <= 0:
		return fmt.Errorf("--rps is %v, want more than 0", o.rps)
	}
	return nil
}

func run(ctx context.Context, o options, out io.Writer) (err error) {
	s, err := stack.Start(ctx, controlplane.Options{HPASyncPeriod: hpaSync, PodStartDelay: podStart, Progress: out}, nil)
	if err != nil {
		return err
	}
	defer func() {
		fmt.Fprintln(out, "stopping and cleaning up")
		err = errors.Join(err, s.Stop(context.WithoutCancel(ctx)))
	}()
	a, adapter, err := bringUp(ctx, s, o, out)
	if err != nil {
		return err
	}
	hints(out, s, a)
	var h history
	began := time.Now()
	err = watch(ctx, o, s, a, adapter, &h, out)
	load := time.Since(began)
	return errors.Join(err, h.write(out), o.beside(context.WithoutCancel(ctx), load, out))
}

// bringUp starts the application, its load, the adapter and the learner beside it, and
// creates the HPAs.
func bringUp(ctx context.Context, s *stack.Stack, o options, out io.Writer) (*stack.Application, *stack.Adapter, error) {
	fmt.Fprintf(out, "starting %s under a load of shape %s, Prometheus and Jaeger\n", o.application, o.load)
	a, err := s.StartApplication(ctx, stack.ApplicationOptions{
		Description: o.application, Namespace: o.namespace(), Tracing: true,
		Load: []string{"--profile", o.load, "--rps", fmt.Sprint(o.rps)},
	})
	if err != nil {
		return nil, nil, err
	}
	fmt.Fprintln(out, "creating one HPA for each service")
	if err := autoscale(ctx, s, a, o); err != nil {
		return nil, nil, err
	}
	fmt.Fprintln(out, "starting the adapter behind the API aggregator, and its learner")
	adapter, err := s.StartAdapter(ctx, stack.AdapterOptions{
		Name: "adapter", Prometheus: a.Prometheus.URL(), Jaeger: a.Jaeger.QueryURL(),
		Step: step, Window: window, RateWindow: 2 * step, LeadTime: podStart + hpaSync + step, SLO: a.SLO, Learning: learning(),
	})
	if err != nil {
		return nil, nil, err
	}
	_, err = adapter.StartLearner(ctx)
	return a, adapter, err
}

// autoscale applies the HPAs of the manifests for an application, or else HPAs
// like them.
func autoscale(ctx context.Context, s *stack.Stack, a *stack.Application, o options) error {
	if o.application == example {
		_, err := s.Kubectl(ctx, nil, "apply", "--server-side", "-k", "manifests/examples/"+example)
		return err
	}
	for _, service := range a.Services {
		hpa := stack.HPA(a.Namespace, service, 1, maxPods, stabilised)
		if _, err := s.Client.AutoscalingV2().HorizontalPodAutoscalers(a.Namespace).Create(ctx, hpa, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("create the HPA of %s: %w", service, err)
		}
	}
	return nil
}

func hints(out io.Writer, s *stack.Stack, a *stack.Application) {
	fmt.Fprintf(out, `
ready. In another terminal:

  export KUBECONFIG=%s
  kubectl get hpa -n %[2]s --watch
  kubectl get --raw '/apis/external.metrics.k8s.io/v1beta1/namespaces/%[2]s/%[3]s'
  kubectl get --raw '/apis/external.metrics.k8s.io/v1beta1/namespaces/%[2]s/%[3]s?labelSelector=service%%3D%[4]s'
  kubectl describe hpa -n %[2]s %[4]s

A kubectl that fits is %[5]s
Prometheus: %[6]s   Jaeger: %[7]s

`, s.Cluster.Kubeconfig(), a.Namespace, stack.MetricName, a.Services[0], s.Cluster.Binary(controlplane.Kubectl), a.Prometheus.URL(), a.Jaeger.QueryURL())
}

// watch shows tables until the duration is over, ctx ends or a program of the stack
// dies.
func watch(ctx context.Context, o options, s *stack.Stack, a *stack.Application, adapter *stack.Adapter, h *history, out io.Writer) error {
	began := time.Now()
	var over <-chan time.Time
	if o.duration > 0 {
		timer := time.NewTimer(o.duration)
		defer timer.Stop()
		over = timer.C
	}
	ticker := time.NewTicker(o.refresh)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-over:
			return nil
		case failure := <-s.Cluster.Failed():
			return failure
		case <-ticker.C:
			shot, err := look(ctx, s, a, adapter, time.Since(began))
			if err != nil {
				if ctx.Err() != nil {
					return nil
				}
				return err
			}
			h.add(shot)
			shot.events = h.recent()
			if err := show(out, shot); err != nil {
				return err
			}
		}
	}
}

// show draws over the last table on a terminal, and appends elsewhere.
func show(out io.Writer, shot snapshot) error {
	var table strings.Builder
	if err := shot.write(&table); err != nil {
		return err
	}
	text := table.String() + "\n"
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		const home, clearBelow, clearLine = "\033[H", "\033[J", "\033[K"
		text = home + strings.ReplaceAll(text, "\n", clearLine+"\n") + clearBelow
	}
	_, err := io.WriteString(out, text)
	return err
}
