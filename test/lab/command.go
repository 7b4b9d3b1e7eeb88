package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/deepscaler/deepscaler/test/lab/autoscaler"
	"github.com/deepscaler/deepscaler/test/lab/experiment"
	"github.com/deepscaler/deepscaler/test/lab/loop"
	"github.com/deepscaler/deepscaler/test/lab/workload"
	"github.com/deepscaler/deepscaler/test/testbed/app"
)

type options struct {
	apps, workloads, autoscalers []string
	rps                          float64
	seeds                        int
	firstSeed                    uint64
	duration, step, scrape       time.Duration
	usual                        bool
}

func command() *cobra.Command {
	o := options{
		apps: []string{"online-boutique"}, workloads: []string{"sequence"}, autoscalers: []string{"hpa-cpu", "hab", "clairvoyant"},
		rps: 100, seeds: 3, firstSeed: 1, duration: time.Hour, step: 30 * time.Second, scrape: 15 * time.Second,
	}
	c := &cobra.Command{
		Use: "lab", Short: "Compare autoscalers in closed loop, in virtual time", Args: cobra.NoArgs,
		SilenceUsage: true, SilenceErrors: true,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c) },
	}
	fs := c.Flags()
	fs.StringSliceVar(&o.apps, "app", o.apps, "Applications of the testbed, or files that describe some.")
	fs.StringArrayVar(&o.workloads, "workload", o.workloads, "Loads by name.")
	fs.StringSliceVar(&o.autoscalers, "autoscaler", o.autoscalers, "Autoscalers by name.")
	fs.Float64Var(&o.rps, "rps", o.rps, "Base of the load in requests per second.")
	fs.IntVar(&o.seeds, "seeds", o.seeds, "Seeds.")
	fs.Uint64Var(&o.firstSeed, "first-seed", o.firstSeed, "The first of them.")
	fs.DurationVar(&o.duration, "duration", o.duration, "Virtual time of a run.")
	fs.DurationVar(&o.step, "step", o.step, "Time between two decisions of an estimator.")
	fs.DurationVar(&o.scrape, "scrape", o.scrape, "Scrape interval of Prometheus.")
	fs.BoolVar(&o.usual, "usual", o.usual, "Only the usual setting of every knob.")
	return c
}

func (o *options) run(c *cobra.Command) error {
	kinds, err := autoscaler.Find(o.autoscalers)
	if err != nil {
		return err
	}
	p := experiment.Plan{Progress: progress(c.ErrOrStderr())}
	for _, k := range kinds {
		settings := k.Settings
		if o.usual {
			settings = []float64{k.Usual}
		}
		p.Autoscalers = append(p.Autoscalers, experiment.Candidate{Kind: k, Settings: settings})
	}
	for _, name := range o.apps {
		a, err := app.Load(name)
		if err != nil {
			return err
		}
		for _, text := range o.workloads {
			generator, err := workload.Parse(text)
			if err != nil {
				return err
			}
			for n := range o.seeds {
				seed := o.firstSeed + uint64(n)
				config := loop.Defaults(a, nil, seed)
				config.Duration, config.Step, config.Scrape = o.duration, o.step, o.scrape
				config.Load, err = generator.Make(a, o.rps, workload.Span{Seed: seed, Duration: config.Warmup + config.Duration})
				if err != nil {
					return err
				}
				config.Load.Name = text
				p.Scenes = append(p.Scenes, experiment.Scene{Config: config})
			}
		}
	}
	runs, err := p.Do(c.Context())
	if err != nil {
		return err
	}
	return experiment.WriteTable(c.OutOrStdout(), runs)
}

// progress writes how far the runs are and how long the rest will take.
func progress(w io.Writer) func(done, all int) {
	began := time.Now()
	last := time.Time{}
	return func(done, all int) {
		now := time.Now()
		if now.Sub(last) < time.Second && done < all {
			return
		}
		last = now
		left := time.Duration(float64(now.Sub(began)) / float64(done) * float64(all-done))
		fmt.Fprintf(w, "run %d of %d, about %v left\n", done, all, left.Round(time.Second))
	}
}
