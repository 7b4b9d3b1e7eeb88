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

	"github.com/spf13/cobra"

	"github.com/deepscaler/deepscaler/estimator/plan"
	"github.com/deepscaler/deepscaler/test/lab/autoscaler"
	"github.com/deepscaler/deepscaler/test/lab/experiment"
	"github.com/deepscaler/deepscaler/test/lab/report"
	"github.com/deepscaler/deepscaler/test/lab/workload"
	"github.com/deepscaler/deepscaler/test/testbed/app"
)

func command() *cobra.Command {
	o := defaults()
	c := &cobra.Command{
		Use:   "lab",
		Short: "Compare autoscalers in closed loop, in virtual time",
		Long:  long(),
		Example: `  # The stock HPA, HAB and the clairvoyant, on your application and your load.
  lab --app shop.yaml --workload monday.csv --autoscaler hpa-cpu,hab,clairvoyant
  # Two loads that change within the lead time, for scripts.
  lab --workload bursts --workload jumps:every=5m --seeds 5 --output json --out result.json
  # One setting instead of a frontier, and a report for a browser.
  lab --autoscaler hpa-cpu=0.6,hab=0.7 --output html --out report.html`,
		Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c) },
	}
	fs := c.Flags()
	fs.SortFlags = false
	c.AddCommand(evaluateCommand(), recordCommand(), dependenciesCommand(), placementCommand())
	fs.StringSliceVar(&o.apps, "app", o.apps, "Applications: "+strings.Join(app.Builtin(), ", ")+", or files that describe one.")
	fs.StringArrayVar(&o.workloads, "workload", o.workloads, "Load, see above; repeat the flag for several.")
	fs.Float64Var(&o.rps, "rps", o.rps, "Base of loads in requests per second of users; 0 is where the busiest service needs five replicas at 60 % CPU.")
	fs.StringSliceVar(&o.autoscalers, "autoscaler", o.autoscalers, "Autoscalers, see above. NAME=VALUE/VALUE… sets the knob. The others are compared at the cost of the first.")
	fs.BoolVar(&o.usual, "usual", o.usual, "Run only the usual setting of every knob, without frontiers.")
	fs.IntVar(&o.seeds, "seeds", o.seeds, "Number of seeds; every autoscaler runs each.")
	fs.Uint64Var(&o.firstSeed, "first-seed", o.firstSeed, "The first of them.")
	fs.DurationVar(&o.duration, "duration", o.duration, "Virtual time that is measured, after a warm-up.")
	fs.DurationVar(&o.step, "step", o.step, "Time between two decisions of estimators.")
	fs.DurationVar(&o.scrape, "scrape", o.scrape, "Scrape interval of Prometheus.")
	fs.DurationVar(&o.rateWindow, "rate-window", o.rateWindow, "Window of the rates in its queries.")
	fs.DurationVar(&o.hold, "hold", o.hold, "Time for which DeepScaler keeps replicas after a fall of the load.")
	fs.Float64Var(&o.startSpread, "start-spread", o.startSpread, "Largest random addition to the start delay of a pod, as a share of it.")
	fs.DurationVar(&o.school, "school", o.school, "Virtual time of the history that learned autoscalers learn from, under the same kind of load.")
	fs.Uint64Var(&o.schoolSeed, "school-seed", o.schoolSeed, "Its seed, which no run may have.")
	fs.StringVar(&o.output, "output", o.output, "Format of the output: table, json or html.")
	fs.StringVar(&o.report, "report", o.report, "File for the page with plots, beside the output; empty writes none.")
	fs.StringVar(&o.out, "out", o.out, "File for the output; empty means standard output.")
	return c
}

func long() string {
	var b strings.Builder
	b.WriteString(`Lab runs applications of the testbed under loads in virtual time, and lets each
autoscaler manage them. It prints violations of the SLO against core-hours: one frontier per
autoscaler, from a sweep of its one knob. All autoscalers see the same telemetry, as late and as coarse as from Prometheus
and the metrics server, and their pods start equally slowly.

Autoscalers:
`)
	for _, k := range autoscaler.Kinds() {
		fmt.Fprintf(&b, "  %-19s %s\n                      knob: %s, usually %v\n", k.Name, k.About, k.Knob, k.Usual)
	}
	b.WriteString("\nLoads, NAME or NAME:key=value,…:\n" + workload.Describe())
	b.WriteString(`
The columns of tables:
  violations  share of the steps whose mean response breaks the SLO (Eq. 1 of the paper)
  p95         the same of the 95th percentile, against the same bound
  core-hours  CPU limits of all pods that exist (Eq. 2)
  CAE         Σ |mean response − SLO| over the steps, in seconds (Fig. 10)
  actions     changes of the replicas of a service
  recovery    seconds after a jump of the load or a change of the mix until the SLO holds
  needed      seconds until the replicas that are then needed are ready
  MAE         of estimates for the end of the lead time against the need, in replicas
`)
	return b.String()
}

type options struct {
	apps, workloads, autoscalers       []string
	rps                                float64
	seeds                              int
	firstSeed                          uint64
	duration, step, scrape, rateWindow time.Duration
	hold                               time.Duration
	startSpread                        float64
	usual                              bool
	school                             time.Duration
	schoolSeed                         uint64
	output, out, report                string
}

func defaults() options {
	return options{
		apps: []string{"online-boutique"}, workloads: []string{"sequence:length=3m"}, autoscalers: []string{"hpa-cpu", "hab", "clairvoyant"},
		seeds: 3, firstSeed: 1, duration: time.Hour, step: 15 * time.Second, scrape: 15 * time.Second, rateWindow: 30 * time.Second,
		hold: plan.Stabilization, startSpread: 0.5, output: "table", school: 6 * time.Hour, schoolSeed: 1001,
	}
}

func (o *options) run(c *cobra.Command) error {
	write, err := o.writer()
	if err != nil {
		return err
	}
	p, err := o.plan()
	if err != nil {
		return err
	}
	p.Meter = experiment.NewMeter(c.ErrOrStderr(), time.Now)
	result, err := p.Do(c.Context())
	if errors.Is(err, context.Canceled) {
		return errors.New("interrupted, and nothing is written")
	}
	if err != nil {
		return err
	}
	result.Command = "go run ./test/lab " + strings.Join(os.Args[1:], " ")
	if o.report != "" {
		if err := writeFile(o.report, func(w io.Writer) error { return report.Write(result, w) }); err != nil {
			return err
		}
		fmt.Fprintf(c.ErrOrStderr(), "the page with plots is %s\n", o.report)
	}
	if o.out == "" {
		return write(result, c.OutOrStdout())
	}
	return writeFile(o.out, func(w io.Writer) error { return write(result, w) })
}

func (o *options) writer() (func(*experiment.Result, io.Writer) error, error) {
	switch o.output {
	case "table":
		return (*experiment.Result).WriteTables, nil
	case "json":
		return (*experiment.Result).WriteJSON, nil
	case "html":
		return report.Write, nil
	}
	return nil, fmt.Errorf("--output is %q, want table, json or html", o.output)
}

func writeFile(path string, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	return errors.Join(write(f), f.Close())
}
