package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/spf13/cobra"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/learner/train"
)

// What adaptive learning may cost.
const (
	mostCoreSeconds = 150
	mostBytes       = 300e6
)

type adaptiveFlags struct {
	telemetry
	options *training
	app     string
	samples int
}

func adaptiveCommand() *cobra.Command {
	o := &adaptiveFlags{telemetry: defaultTelemetry(), options: newTraining(), app: "train-ticket", samples: 1000}
	c := &cobra.Command{
		Use:   "adaptive",
		Short: "Print what adaptive learning costs",
		Long: fmt.Sprintf(`Adaptive runs adaptive learning with the defaults of deepscaler train, in a process
of its own, on enough telemetry of an application for a number of training
samples. It prints the processor time of learning alone, user and system, and the
largest resident memory of the whole process.

With the defaults, 1,000 samples of 41 services, it is to take at most %v
core-seconds and %v MB.

The test error may be above that of persistence: the network only adds to the analytic
forecast, which errs towards too many replicas. What that buys shows in closed loop, see
docs/experiments/network.md.`, mostCoreSeconds, mostBytes/1e6),
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c) },
	}
	fs := c.Flags()
	trainingFlags(fs, o.options, "series", "graph")
	o.telemetry.add(fs)
	fs.Lookup("hours").Hidden = true // follows from the number of samples
	fs.StringVar(&o.app, "app", o.app, "Application of the testbed, or a file that describes one.")
	fs.IntVar(&o.samples, "samples", o.samples, "Training samples.")
	return c
}

func (o *adaptiveFlags) run(c *cobra.Command) error {
	if o.samples < 1 {
		return fmt.Errorf("--samples is %d, want at least 1", o.samples)
	}
	if err := check(*o.options); err != nil {
		return err
	}
	o.hours = float64(o.steps()) * o.step.Hours()
	if err := o.telemetry.validate(); err != nil {
		return err
	}
	p, err := newProcess()
	if err != nil {
		return err
	}
	s, err := o.source(c.Context(), p, o.app, c.ErrOrStderr())
	if err != nil {
		return err
	}
	report, err := p.run(c.Context(), newJob(s, o.app, *o.options, o.options.Learning.Seed).Options, c.ErrOrStderr())
	if err != nil {
		return err
	}
	if report.Samples.Train != o.samples {
		return fmt.Errorf("%d steps make %d training samples, want %d", report.Series.Steps, report.Samples.Train, o.samples)
	}
	return o.tell(c.OutOrStdout(), report)
}

// steps returns the length of the shortest history with so many training
// samples, whose windows and labels all lie in the training part.
func (o *adaptiveFlags) steps() int {
	resolved := o.options.Resolve(estimator.DefaultFeatures(), o.step)
	needed := resolved.Samples.Window + slices.Max(resolved.Samples.Horizons)
	if slices.Contains(resolved.Samples.Features, estimator.Analytic) {
		needed = max(needed, resolved.AnalyticWindow) // the first label is that of the first analytic forecast
	}
	trained := o.samples + needed - 1
	steps := trained
	for int(math.Round(float64(steps)*o.options.Samples.Split.Train)) < trained {
		steps++
	}
	return steps
}

func (o *adaptiveFlags) tell(w io.Writer, r *train.Report) error {
	if r.Test == nil {
		return errors.New("there is no test part to compare on, see --split")
	}
	verdict := func(kept bool) string {
		if kept {
			return "kept"
		}
		return "exceeded"
	}
	mae, persistence := r.Test.Overall.Model.MAE, r.Test.Overall.Persistence.MAE
	l := o.options.Learning
	_, err := fmt.Fprintf(w, `%s: %d training samples of %d services; %d iterations of %d + %d epochs; %d parameters, %d workers
core-seconds  %.1f of at most %v: %s
resident      %.0f MB of at most %.0f MB: %s
seconds       %.1f on the clock
test MAE      %s from the anchor %s, alone %s; ridge %s, persistence %s (%.3f times that)
`,
		o.app, r.Samples.Train, r.Series.Services, l.Iterations, l.Epochs, l.GraphEpochs, r.Parameters, l.Workers,
		r.CoreSeconds, mostCoreSeconds, verdict(r.CoreSeconds <= mostCoreSeconds),
		float64(r.PeakBytes)/1e6, mostBytes/1e6, verdict(float64(r.PeakBytes) <= mostBytes),
		r.Seconds, sample{mae}.single(), r.Anchor, sample{r.Test.Overall.Anchor.MAE}.single(),
		sample{r.Test.Overall.Ridge.MAE}.single(), sample{persistence}.single(), mae/persistence)
	return err
}
