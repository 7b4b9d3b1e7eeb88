package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/deepscaler/deepscaler/test/lab/autoscaler"
	"github.com/deepscaler/deepscaler/test/lab/experiment"
	"github.com/deepscaler/deepscaler/test/lab/loop"
	"github.com/deepscaler/deepscaler/test/lab/workload"
	"github.com/deepscaler/deepscaler/test/testbed/app"
)

// A comparison over a shorter load would be chance; a longer one would delay the exit
// after Ctrl-C.
const shortest, longest = time.Minute, 10 * time.Minute

// labStep is Δ there, which is a multiple of the lab's resolution.
const labStep = 5 * time.Second

// beside compares the stock HPA on CPU with DeepScaler under the same kind and duration
// of load, in virtual time.
func (o options) beside(ctx context.Context, load time.Duration, out io.Writer) error {
	load = min(load.Truncate(labStep), longest)
	if load < shortest {
		return nil
	}
	a, err := app.Load(o.application)
	if err != nil {
		return err
	}
	for i := range a.Services {
		a.Services[i].StartDelay = app.Duration(podStart)
	}
	g, err := workload.Parse(o.load)
	if err != nil {
		return err
	}
	c := loop.Defaults(a, nil, 1)
	c.Duration, c.Warmup = load, 12*labStep
	c.Step, c.Scrape, c.RateWindow, c.Sync = labStep, 2*time.Second, 2*labStep, hpaSync
	c.Bounds.Max = maxPods
	scene, err := experiment.NewScene(c, o.load, g, o.rps, workload.Span{Seed: 2, Duration: load})
	if err != nil {
		return err
	}
	p := experiment.Plan{Scenes: []experiment.Scene{scene}}
	for _, name := range []string{"hpa-cpu", "hab"} {
		kind, err := autoscaler.Find(name)
		if err != nil {
			return err
		}
		p.Autoscalers = append(p.Autoscalers, experiment.Candidate{Kind: kind, Settings: []float64{kind.Usual}})
	}
	result, err := p.Do(ctx)
	if err != nil {
		return fmt.Errorf("compare with the stock HPA: %w", err)
	}
	names := map[string]string{"hpa-cpu": "stock HPA, 60 % CPU", "hab": "DeepScaler without a model"}
	fmt.Fprintf(out, "\n%v of the load %s again in the lab, in virtual time and without changes of the mix:\n\n", load, o.load)
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\tSLO violated\tcore-hours\tchanges of replicas")
	for _, r := range result.Runs {
		fmt.Fprintf(t, "%s\t%.1f %% of the time\t%.2f\t%d\n", names[r.Autoscaler], 100*r.Violations, r.CoreHours, r.Actions)
	}
	return t.Flush()
}
