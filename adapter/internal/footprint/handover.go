package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/metrics/pkg/apis/external_metrics/v1beta1"

	"github.com/deepscaler/deepscaler/adapter/explain"
	"github.com/deepscaler/deepscaler/estimator"
)

const (
	// readers share the reads of a replica.
	readers = 16
	// explained is how many reads there are for each explanation, which has the step that
	// a plan is for.
	explained = 50
	// settled is how many steps are read after a hand-over.
	settled = 3
)

// needs returns what the models forecast, in the order in which they serve. All are near what
// queueing theory plans for the load of the fake cluster, so that they are trusted.
func needs() []float64 { return []float64{6, 4, 5} }

// handOver reads two adapters while models are handed over.
func (s scenario) handOver(ctx context.Context, out io.Writer, services []estimator.Service, launch func(string) (*replica, error)) (err error) {
	var replicas [2]*replica
	var clusters [2]*cluster
	defer func() {
		for _, r := range replicas {
			if r != nil {
				err = r.stop(err)
			}
		}
	}()
	for i, name := range []string{"first", "second"} {
		if replicas[i], err = launch(name); err != nil {
			return err
		}
		clusters[i] = newCluster(replicas[i].url, services)
	}
	for _, c := range clusters {
		if err := c.waitReady(ctx); err != nil {
			return err
		}
	}
	w := &watch{services: len(services), steps: [2]map[time.Time]string{{}, {}}, seen: map[string]int{}}
	reading, stop := context.WithCancel(ctx)
	defer stop()
	var all sync.WaitGroup
	began := time.Now()
	for i, c := range clusters {
		client, err := explain.NewClient(&rest.Config{Host: c.url, BearerToken: "somebody", Transport: c.client.Transport, QPS: -1})
		if err != nil {
			return err
		}
		for range readers {
			all.Go(func() { w.read(reading, i, c, client, time.Duration(2*readers)*time.Second/time.Duration(s.reads)) })
		}
	}
	parent := ""
	for _, need := range needs() {
		var hash string
		for _, r := range replicas {
			if hash, err = s.learn(services, r.exchange, parent, need); err != nil {
				return fmt.Errorf("play the learner: %w", err)
			}
		}
		parent = hash
		for _, c := range clusters {
			if err := c.wait(ctx, func() error { return c.modelServes(ctx, hash) }); err != nil {
				return err
			}
		}
		if err := sleep(ctx, settled*s.step); err != nil {
			return err
		}
	}
	took := time.Since(began)
	stop()
	all.Wait()
	return w.report(out, took)
}

// watch collects what replicas answer.
type watch struct {
	services int

	mu       sync.Mutex
	reads    int
	failures []error
	// steps have the plans of each replica, by the end of the step that a plan is for.
	steps [2]map[time.Time]string
	// seen counts the plans in answers.
	seen map[string]int
}

// read reads a replica at an interval, or as fast as it answers, until ctx is done.
func (w *watch) read(ctx context.Context, replica int, c *cluster, explanations *explain.Client, interval time.Duration) {
	const path = "/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/deepscaler_desired_replicas"
	ticks := time.NewTicker(interval)
	defer ticks.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		var plan string
		body, err := c.read(ctx, path)
		if err == nil {
			plan, err = w.planIn(body)
		}
		var end time.Time
		if err == nil && n%explained == 0 {
			end, plan, err = w.explain(ctx, explanations)
		}
		if ctx.Err() != nil {
			return
		}
		w.note(replica, end, plan, err)
	}
}

// planIn returns the plan in an answer about a namespace. It is an error if the answer
// lacks a service or mixes two plans.
func (w *watch) planIn(body string) (string, error) {
	var list v1beta1.ExternalMetricValueList
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		return "", err
	}
	if len(list.Items) != w.services {
		return "", fmt.Errorf("%d services in the answer, want %d", len(list.Items), w.services)
	}
	values := make([]string, len(list.Items))
	for i, item := range list.Items {
		if !item.Timestamp.Equal(&list.Items[0].Timestamp) {
			return "", fmt.Errorf("plans of %v and %v in one answer", list.Items[0].Timestamp, item.Timestamp)
		}
		values[i] = item.Value.String()
	}
	return summary(values), nil
}

// explain returns the present plan of a replica and the end of the step that it is for.
func (w *watch) explain(ctx context.Context, c *explain.Client) (time.Time, string, error) {
	d, err := c.Describe(ctx, explain.Query{Namespace: "shop", Full: true})
	if err != nil {
		return time.Time{}, "", err
	}
	var end time.Time
	values := make([]string, len(d.Services))
	for i, s := range d.Services {
		if s.Desired == nil || s.Detail == nil || len(s.Detail.Horizon) == 0 {
			return end, "", fmt.Errorf("the explanation has no plan of %s: %s", s.Name, s.Problem)
		}
		values[i] = fmt.Sprint(*s.Desired)
		at := s.Detail.Horizon[0].At.Add(-time.Duration(d.Step))
		if i > 0 && !at.Equal(end) {
			return end, "", fmt.Errorf("plans for the steps until %v and %v in one explanation", end, at)
		}
		end = at
	}
	return end, summary(values), nil
}

// summary returns values and how many services have them.
func summary(values []string) string {
	slices.Sort(values)
	var parts []string
	for len(values) > 0 {
		n := 1
		for n < len(values) && values[n] == values[0] {
			n++
		}
		parts = append(parts, fmt.Sprintf("%d × %s", n, values[0]))
		values = values[n:]
	}
	return strings.Join(parts, ", ")
}

func (w *watch) note(replica int, end time.Time, plan string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reads++
	if err != nil {
		w.failures = append(w.failures, err)
		return
	}
	w.seen[plan]++
	if end.IsZero() {
		return
	}
	if before, ok := w.steps[replica][end]; ok && before != plan {
		w.failures = append(w.failures, fmt.Errorf("replica %d: %s and %s for the step until %v", replica, before, plan, end))
	}
	w.steps[replica][end] = plan
}

// report prints what was seen, and returns an error if anything was wrong.
func (w *watch) report(out io.Writer, took time.Duration) error {
	both := 0
	for end, plan := range w.steps[0] {
		if other, ok := w.steps[1][end]; ok {
			both++
			if plan != other {
				w.failures = append(w.failures, fmt.Errorf("for the step until %v the replicas answer %s and %s", end, plan, other))
			}
		}
	}
	fmt.Fprintf(out, "%d reads of %d services from two replicas in %v: %.0f/s; %d steps compared; %d failed, mixed or at odds\n",
		w.reads, w.services, took.Round(time.Second), float64(w.reads)/took.Seconds(), both, len(w.failures))
	for plan, n := range w.seen {
		fmt.Fprintf(out, "%8d times %s replicas\n", n, plan)
	}
	if len(w.seen) > len(needs())+1 {
		w.failures = append(w.failures, fmt.Errorf("%d plans were read, want those of queueing theory and of %d models", len(w.seen), len(needs())))
	}
	if both == 0 {
		w.failures = append(w.failures, errors.New("no step was read from both replicas"))
	}
	return errors.Join(w.failures[:min(10, len(w.failures))]...)
}
