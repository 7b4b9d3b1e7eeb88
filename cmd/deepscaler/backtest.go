package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/deepscaler/deepscaler/learner/backtest"
	"github.com/deepscaler/deepscaler/learner/history"
	"github.com/deepscaler/deepscaler/learner/samples"
	"github.com/deepscaler/deepscaler/learner/train"
)

// backtestFlags are the flags of the command.
type backtestFlags struct {
	series, model, split, part, output string

	perService bool
	spec       backtest.Spec

	isLive bool
	live   *backtest.LiveOptions
}

func newBacktestCommand() *cobra.Command {
	o := &backtestFlags{part: samples.Test.String(), output: "table", live: backtest.NewLiveOptions()}
	cmd := &cobra.Command{
		Use:   "backtest --series FILE --model-file FILE",
		Short: "Judge a model on recorded history",
		Long: `Backtest predicts a part of recorded history with a model, and compares the errors
with those of two forecasts that cost nothing: everything stays as it is
(persistence), and everything is as it was a season ago (seasonal). Errors
are in the unit of the target:

  MAE     mean absolute error
  RMSE    root of the mean squared error, which counts large errors more
  MAPE %  mean absolute error relative to the truth; truths of 0 are left out

The series must have the services, features and step of the model. Inputs are
scaled as in training.

With --live it compares what DeepScaler planned in a cluster, in shadow or not, with what
its autoscalers did and with what was needed in hindsight: pods, core-hours, steps with too
few pods, and violations of the SLO. Plans and telemetry come from Prometheus, which must
scrape the adapter. A plan counts as autoscalers would follow it: a lead time later, and
the largest of their stabilisation window.`,
		Example: `  # The part of the history that training held back
  deepscaler backtest --series shop.csv.gz --model-file model.safetensors

  # All of a day that the model has never seen, service by service
  deepscaler backtest --series friday.csv.gz --model-file model.safetensors --part all --per-service

  # What a week in shadow would have changed
  deepscaler backtest --live --since 7d --prometheus-url http://localhost:9090 --namespace shop --slo 500ms

  # By how much the model beats persistence, for a script
  deepscaler backtest --series shop.csv.gz --model-file model.safetensors --output json |
    jq '.overall.model.mae / .overall.persistence.mae'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.isLive {
				return o.runLive(cmd)
			}
			if err := o.complete(); err != nil {
				return err
			}
			return o.run(cmd)
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&o.series, "series", "", "History, .csv or .csv.gz, as deepscaler record writes it (required).")
	fs.StringVar(&o.model, "model-file", "", "Model from deepscaler train (required).")
	fs.StringVar(&o.split, "split", "",
		"Division of the series in time into training, validation and test. The default is that of the training, which fits only the series of the training.")
	fs.StringVar(&o.part, "part", o.part, "Part to predict: test, validation, train, or all of another series than that of the training. Only test and all show the error to expect.")
	fs.StringVar(&o.output, "output", o.output, "Format of the result on standard output: table or json.")
	fs.BoolVar(&o.perService, "per-service", false, "Also show the errors of every service.")
	fs.IntVar(&o.spec.Workers, "workers", 0, "Number of threads; 0, the default, is one per processor. The result does not depend on it.")
	fs.BoolVar(&o.isLive, "live", false, "Compare plans with what ran; all flags below belong to it.")
	o.live.Flags(fs)
	fs.SortFlags = false
	return cmd
}

// complete parses the flags and reports every invalid one.
func (o *backtestFlags) complete() error {
	var errs []error
	if o.series == "" {
		errs = append(errs, errors.New("--series is required: record one with deepscaler record"))
	}
	if o.model == "" {
		errs = append(errs, errors.New("--model-file is required: make one with deepscaler train"))
	}
	if o.split != "" {
		var err error
		if o.spec.Split, err = samples.ParseSplit(o.split); err != nil {
			errs = append(errs, fmt.Errorf("--split: %w", err))
		}
	}
	o.spec.Part = -1
	for _, p := range []samples.Part{samples.Train, samples.Validation, samples.Test} {
		if p.String() == o.part {
			o.spec.Part = p
		}
	}
	o.spec.All = o.part == "all"
	switch {
	case o.spec.All && o.split != "":
		errs = append(errs, errors.New("--split has no effect on --part all"))
	case o.spec.Part < 0 && !o.spec.All:
		errs = append(errs, fmt.Errorf("--part is %q, want test, validation, train or all", o.part))
	}
	if o.output != "table" && o.output != "json" {
		errs = append(errs, fmt.Errorf("--output is %q, want table or json", o.output))
	}
	if o.spec.Workers < 0 {
		errs = append(errs, fmt.Errorf("--workers is %d, want at least 0", o.spec.Workers))
	}
	return errors.Join(errs...)
}

func (o *backtestFlags) run(cmd *cobra.Command) error {
	a, err := train.ReadModel(o.model)
	if err != nil {
		return fmt.Errorf("--model-file: %w", err)
	}
	window, err := history.ReadFile(o.series, noting(cmd.ErrOrStderr(), o.series))
	if err != nil {
		return fmt.Errorf("--series: %w", err)
	}
	ctx, stop := interruptible(cmd.Context())
	defer stop()
	r, err := backtest.Run(ctx, window, a, o.spec)
	if err != nil {
		return fmt.Errorf("%s on %s: %w", o.model, o.series, err)
	}
	r.File = o.model
	return o.write(cmd.OutOrStdout(), r)
}

// runLive compares plans with what ran.
func (o *backtestFlags) runLive(cmd *cobra.Command) error {
	if o.series != "" || o.model != "" {
		return errors.New("--live reads from Prometheus: give neither --series nor --model-file")
	}
	if o.output != "table" && o.output != "json" {
		return fmt.Errorf("--output is %q, want table or json", o.output)
	}
	ctx, stop := interruptible(cmd.Context())
	defer stop()
	l, err := o.live.Run(ctx, cmd.ErrOrStderr(), time.Now)
	if err != nil {
		return err
	}
	if o.output == "json" {
		return writeJSON(cmd.OutOrStdout(), l)
	}
	return l.WriteTable(cmd.OutOrStdout())
}

func (o *backtestFlags) write(out io.Writer, r *backtest.Report) error {
	if !o.perService {
		r.Services = nil
	}
	if o.output == "json" {
		return writeJSON(out, r)
	}
	fmt.Fprintf(out, "%s %.12s predicts %s (%s) in %d samples of the %s part, steps of %v, season of %d steps\n\n",
		r.Kind, r.Hash, r.Target, r.Label, r.Samples, r.Part, time.Duration(r.Step), r.Season)
	return r.WriteTable(out, o.perService)
}
