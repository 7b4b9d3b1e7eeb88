package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/learner/history"
	"github.com/deepscaler/deepscaler/test/lab/autoscaler"
	"github.com/deepscaler/deepscaler/test/lab/loop"
	"github.com/deepscaler/deepscaler/test/lab/need"
	"github.com/deepscaler/deepscaler/test/lab/workload"
	"github.com/deepscaler/deepscaler/test/testbed/app"
)

func recordCommand() *cobra.Command {
	o := defaults()
	o.firstSeed, o.duration, o.workloads = 1001, 16*time.Hour, []string{"sequence"}
	o.autoscalers = []string{"hab=0.8/0.6/0.4"}
	c := &cobra.Command{
		Use:   "record",
		Short: "Record a history of an application, for deepscaler train",
		Long: `Record runs one application under all the loads in turn, an hour each, and writes
series.csv and graph.csv to a folder. Take another seed than those of the comparison:
what is learned must not be known there.`,
		Example: `  lab record --workload sequence --workload bursts --duration 16h --out history
  deepscaler train --series history/series.csv --graph history/graph.csv --slo 100ms --out model.safetensors
  lab --workload sequence --autoscaler hab,deepscaler:model.safetensors`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.record(c) },
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringSliceVar(&o.apps, "app", o.apps, "Application: one of "+strings.Join(app.Builtin(), ", ")+", or a file that describes one.")
	fs.StringArrayVar(&o.workloads, "workload", o.workloads, "Load, as in the comparison; once for each.")
	fs.Float64Var(&o.rps, "rps", o.rps, "Requests per second of users that loads vary around; 0 as in the comparison.")
	fs.Uint64Var(&o.firstSeed, "seed", o.firstSeed, "Seed of everything that is random.")
	fs.DurationVar(&o.duration, "duration", o.duration, "Virtual time of the history.")
	fs.StringSliceVar(&o.autoscalers, "autoscaler", o.autoscalers, "Autoscaler that runs the application meanwhile. With several values of the knob, NAME=VALUE/VALUE, they take turns, so that the history has a load with few replicas and with many.")
	fs.StringVar(&o.out, "out", o.out, "Folder to write to (required).")
	return c
}

// record runs one application under all loads and writes what was seen of it.
func (o *options) record(c *cobra.Command) error {
	if o.out == "" || len(o.apps) != 1 || len(o.autoscalers) != 1 {
		return errors.New("a recording has one --app, one --autoscaler and a folder --out")
	}
	a, err := app.Load(o.apps[0])
	if err != nil {
		return fmt.Errorf("--app: %w", err)
	}
	candidate, err := o.candidate(o.autoscalers[0])
	if err != nil {
		return fmt.Errorf("--autoscaler: %w", err)
	}
	if o.rps == 0 {
		if o.rps, err = need.Base(a); err != nil {
			return err
		}
	}
	config := loop.Defaults(a, nil, o.firstSeed)
	config.Duration, config.StartSpread = o.duration, o.startSpread
	const turn = time.Hour
	var loads []*workload.Load
	for from := time.Duration(0); from < config.Warmup+config.Duration; from += turn {
		g, err := workload.Parse(o.workloads[len(loads)%len(o.workloads)])
		if err != nil {
			return fmt.Errorf("--workload: %w", err)
		}
		l, err := g.Make(a, o.rps, workload.Span{Seed: config.Seed + uint64(len(loads)), Duration: turn})
		if err != nil {
			return err
		}
		loads = append(loads, l)
	}
	config.Load = workload.Chain(loads...)
	l := &listening{turn: turn / time.Duration(len(candidate.Settings)), calls: map[[2]int]float64{}}
	for _, knob := range candidate.Settings {
		scaler, err := candidate.New(autoscaler.Surroundings{Config: &config}, knob)
		if err != nil {
			return err
		}
		l.scalers = append(l.scalers, scaler)
	}
	r, err := loop.Run(c.Context(), config, l, slices.Repeat([]int{2}, len(a.Services)))
	if err != nil {
		return err
	}
	w, err := r.History.History(0)
	if err != nil {
		return err
	}
	return errors.Join(
		writeFile(filepath.Join(o.out, "series.csv"), func(f io.Writer) error { return history.Write(f, w) }),
		writeFile(filepath.Join(o.out, "graph.csv"), func(f io.Writer) error { return history.WriteGraph(f, w.Services, l.edges()) }),
	)
}

// listening lets autoscalers take turns, and sums up the calls between services.
type listening struct {
	scalers []loop.Autoscaler
	turn    time.Duration
	calls   map[[2]int]float64
}

func (l *listening) Tick(c *loop.Cluster) error {
	if w := c.Window(); w.Calls != nil {
		for _, call := range w.Calls.Calls {
			l.calls[[2]int{call.Source, call.Destination}] += call.Rate
		}
	}
	for _, s := range l.scalers {
		if err := s.Tick(c); err != nil {
			return err
		}
	}
	return nil
}

func (l *listening) Sync(c *loop.Cluster, replicas []int) error {
	return l.scalers[int(c.Now()/l.turn)%len(l.scalers)].Sync(c, replicas)
}

// edges returns the mean calls for each call of the source.
func (l *listening) edges() []estimator.Edge {
	pairs := slices.SortedFunc(maps.Keys(l.calls), func(a, b [2]int) int {
		return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
	})
	received := map[int]float64{}
	for _, p := range pairs {
		received[p[1]] += l.calls[p]
	}
	var out []estimator.Edge
	for _, p := range pairs {
		if n := l.calls[p]; p[0] != estimator.Outside && n > 0 {
			out = append(out, estimator.Edge{Source: p[0], Destination: p[1], Weight: n / received[p[0]]})
		}
	}
	return out
}
