package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"golang.org/x/term"

	"github.com/deepscaler/deepscaler/estimator/exchange"
	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/hack/controlplane"
	"github.com/deepscaler/deepscaler/test/stack"
	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/load"
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
	mix         string
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

// changingMix is that of the example: its users begin to buy (Fig. 11 of the paper) when a
// network has most often taken over.
const changingMix = "0s=default,6m=checkout-heavy"

// changes returns the mix of journeys, and when it changes after the start of the load.
func (o options) changes() (mix string, at []time.Duration, err error) {
	mix = o.mix
	if mix == "" {
		mix = app.DefaultMix
		if o.application == example {
			mix = changingMix
		}
	}
	a, err := app.Load(o.application)
	if err != nil {
		return "", nil, err
	}
	_, changes, err := load.ReadMix(a, mix)
	if err != nil {
		return "", nil, fmt.Errorf("--mix: %w", err)
	}
	for _, c := range changes {
		at = append(at, time.Duration(c.At*float64(time.Second)))
	}
	return mix, at, nil
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
	mix, changes, err := o.changes()
	if err != nil {
		return err
	}
	s, err := stack.Start(ctx, controlplane.Options{HPASyncPeriod: hpaSync, PodStartDelay: podStart, Progress: out}, nil)
	if err != nil {
		return err
	}
	defer func() {
		fmt.Fprintln(out, "stopping and cleaning up")
		err = errors.Join(err, s.Stop(context.WithoutCancel(ctx)))
	}()
	a, err := startApplication(ctx, s, o, mix, out)
	if err != nil {
		return err
	}
	began := time.Now() // of the load, whose clock the mix follows
	adapter, err := scale(ctx, s, a, o, out)
	if err != nil {
		return err
	}
	if err := hints(out, s, a); err != nil {
		return err
	}
	h := history{changes: changes}
	err = watch(ctx, o, s, a, adapter, began, &h, out)
	load := time.Since(began)
	return errors.Join(err, h.write(out), o.beside(context.WithoutCancel(ctx), load, out))
}

// startApplication starts the application and its load.
func startApplication(ctx context.Context, s *stack.Stack, o options, mix string, out io.Writer) (*stack.Application, error) {
	fmt.Fprintf(out, "starting %s under a load of shape %s and mix %s, Prometheus and Jaeger\n", o.application, o.load, mix)
	return s.StartApplication(ctx, stack.ApplicationOptions{
		Description: o.application, Namespace: o.namespace(), Tracing: true,
		Load: []string{"--profile", o.load, "--rps", fmt.Sprint(o.rps), "--mix", mix},
	})
}

// scale creates the HPAs, and starts the adapter and the learner beside it.
func scale(ctx context.Context, s *stack.Stack, a *stack.Application, o options, out io.Writer) (*stack.Adapter, error) {
	fmt.Fprintln(out, "creating one HPA for each service")
	if err := autoscale(ctx, s, a, o); err != nil {
		return nil, err
	}
	fmt.Fprintln(out, "starting the adapter behind the API aggregator, and its learner")
	adapter, err := s.StartAdapter(ctx, stack.AdapterOptions{
		Name: "adapter", Prometheus: a.Prometheus.URL(), Jaeger: a.Jaeger.QueryURL(),
		Step: step, Window: window, RateWindow: 2 * step, LeadTime: podStart + hpaSync + step, Hold: plan.Stabilization, SLO: a.SLO, Learning: learning(),
	})
	if err != nil {
		return nil, err
	}
	_, err = adapter.StartLearner(ctx)
	return adapter, err
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

// hints prints what to do beside the table, with a kubectl that fits. The program itself is
// its plugin, under another name.
func hints(out io.Writer, s *stack.Stack, a *stack.Application) error {
	plugins := filepath.Join(s.Cluster.Dir(), "plugins")
	if err := errors.Join(
		os.MkdirAll(plugins, 0o700),
		os.Symlink(s.Programs.DeepScaler, filepath.Join(plugins, "kubectl-deepscaler")),
		os.Symlink(s.Cluster.Binary(controlplane.Kubectl), filepath.Join(plugins, "kubectl")),
	); err != nil {
		return err
	}
	fmt.Fprintf(out, `
ready. In another terminal:

  export KUBECONFIG=%[1]s PATH=%[2]s:$PATH
  kubectl deepscaler status -n %[3]s
  kubectl deepscaler explain %[5]s -n %[3]s
  kubectl deepscaler ui -n %[3]s
  kubectl get hpa -n %[3]s --watch
  kubectl get --raw '/apis/external.metrics.k8s.io/v1beta1/namespaces/%[3]s/%[4]s?labelSelector=service%%3D%[5]s'

Prometheus: %[6]s   Jaeger: %[7]s

DESIRED is what DeepScaler computes, HPA what the autoscalers ask for. They scale out at once, and scale in to
the largest number of some seconds (stabilizationWindowSeconds). DESIRED itself keeps the largest need of the last
minutes, unless the season of the load shows that the fall is to last.

`, s.Cluster.Kubeconfig(), plugins, a.Namespace, stack.MetricName, a.Services[0], a.Prometheus.URL(), a.Jaeger.QueryURL())
	return nil
}

// watch shows tables until the duration is over, ctx ends or a program of the stack
// dies.
func watch(ctx context.Context, o options, s *stack.Stack, a *stack.Application, adapter *stack.Adapter, began time.Time, h *history, out io.Writer) error {
	var over <-chan time.Time
	if o.duration > 0 {
		timer := time.NewTimer(o.duration - time.Since(began))
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
