package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	cliflag "k8s.io/component-base/cli/flag"

	"github.com/deepscaler/deepscaler/learner/history"
	"github.com/deepscaler/deepscaler/learner/train"
	"github.com/deepscaler/deepscaler/learner/train/flags"
)

// trainFlags are the flags of the command.
type trainFlags struct {
	series, graph, from, out, report string

	spec train.Spec
}

func newTrainCommand() *cobra.Command {
	o := &trainFlags{spec: train.DefaultSpec()}
	cmd := &cobra.Command{
		Use:   "train --series FILE --out FILE",
		Short: "Learn a model from recorded history",
		Long: `Train learns from the history of one application how many replicas each of its
services will need: a network that sees all services at once, and a graph of the
dependencies between them. It divides the history in time order, by default
70/10/20. The network learns from the first part, and the second selects its best
state. On the third, which it never saw, it is compared with two forecasts:
everything stays as it is (persistence), and everything is as it was a
season ago (seasonal).

With --from, training continues from a model. If nothing beats that model on the
second part, its parameters and its graph are kept.

The model and a report are written at the very end; after Ctrl-C or an error the
old file is unchanged. The report in JSON goes to standard output or to
--report, progress to standard error.`,
		Example: `  # From a recording, for an application that promises 100 ms
  deepscaler train --series shop.csv.gz --graph shop-graph.csv --slo 100ms --out model.safetensors --report report.json

  # Train that model further with newer history, even if services have joined or left
  deepscaler train --series today.csv.gz --graph shop-graph.csv --from model.safetensors --iterations 1 --out model.safetensors

  # Forecast requests instead of replicas, 1, 4 and 10 steps ahead, and compare with another network
  deepscaler train --series shop.csv.gz --graph shop-graph.csv --target requests --horizon 1,4,10 --out requests.safetensors
  deepscaler train --series shop.csv.gz --graph shop-graph.csv --target requests --horizon 1,4,10 --model dcrnn --out dcrnn.safetensors`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.validate(); err != nil {
				return err
			}
			return o.run(cmd)
		},
	}
	groups := &cliflag.NamedFlagSets{}
	fs := groups.FlagSet("File")
	fs.StringVar(&o.series, "series", "", "History, .csv or .csv.gz, as deepscaler record writes it (required).")
	fs.StringVar(&o.graph, "graph", "",
		"Invocation graph, .csv, as deepscaler record --graph-out writes it. Without it, deepscaler starts from a graph without edges and learns them; dcrnn and tgcn need it.")
	fs.StringVar(&o.from, "from", "",
		"Model to train further. Services may have joined or left; parameters of those that stay are kept, and so is the graph. Features, window, horizons, target, label, anchor, quantile and the sizes of the network are those of the model.")
	fs.StringVar(&o.out, "out", "", "File for the model (required). An existing one is replaced atomically at the very end.")
	fs.StringVar(&o.report, "report", "", "File for the report in JSON. Default standard output. The model file includes the report.")
	flags.Add(&o.spec, groups.FlagSet)
	for _, fs := range groups.FlagSets {
		cmd.Flags().AddFlagSet(fs)
	}
	cmd.SetHelpFunc(func(cmd *cobra.Command, _ []string) { help(cmd, *groups) })
	return cmd
}

// validate reports every invalid flag.
func (o *trainFlags) validate() error {
	var errs []error
	if o.series == "" {
		errs = append(errs, errors.New("--series is required: record one with deepscaler record"))
	}
	if o.out == "" {
		errs = append(errs, errors.New("--out is required, for example model.safetensors"))
	}
	for _, other := range []struct{ flag, path string }{{"series", o.series}, {"graph", o.graph}, {"report", o.report}} {
		if o.out != "" && other.path != "" && filepath.Clean(o.out) == filepath.Clean(other.path) {
			errs = append(errs, fmt.Errorf("--out and --%s are both %q", other.flag, o.out))
		}
	}
	return errors.Join(append(errs, o.spec.Validate(), writable(o.out), writable(o.report))...)
}

// writable reports a file that cannot be written, before the work begins.
func writable(path string) error {
	if path == "" {
		return nil
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a folder, want the name of a file", path)
	}
	probe, err := os.CreateTemp(filepath.Dir(path), ".writable-*")
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w: its folder must exist and be writable", path, err)
	}
	probe.Close()
	return os.Remove(probe.Name())
}

// input reads the files. The settings of a model to train further replace
// defaults, but not flags that were given.
func (o *trainFlags) input(cmd *cobra.Command) (train.Input, error) {
	in := train.Input{Now: time.Now}
	var err error
	if in.History, err = history.ReadFile(o.series, noting(cmd.ErrOrStderr(), o.series)); err != nil {
		return in, fmt.Errorf("--series: %w", err)
	}
	if o.graph != "" {
		if in.Edges, err = history.ReadGraphFile(o.graph, in.History.Services); err != nil {
			return in, fmt.Errorf("--graph: %w", err)
		}
	}
	if o.from == "" {
		return in, nil
	}
	if in.Parent, err = train.ReadModel(o.from); err != nil {
		return in, fmt.Errorf("--from: %w", err)
	}
	spec, err := train.SpecOf(in.Parent)
	if err != nil {
		return in, fmt.Errorf("--from %s: %w", o.from, err)
	}
	// The flags are bound to the old specification.
	err = flags.Apply(&spec, cmd.Flags())
	o.spec = spec
	return in, err
}

func (o *trainFlags) run(cmd *cobra.Command) error {
	in, err := o.input(cmd)
	if err != nil {
		return err
	}
	p := &learning{terminal: newTerminal(cmd.ErrOrStderr()), now: time.Now}
	in.Progress = p
	ctx, stop := interruptible(cmd.Context())
	defer stop()
	result, err := train.Train(ctx, in, o.spec)
	p.terminal.end()
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return o.stopped(ctx, p, err)
	}
	if err := result.WriteModel(o.out); err != nil {
		return err
	}
	if err := p.summarise(o.out, result.Report); err != nil {
		return err
	}
	if o.report == "" {
		return writeJSON(cmd.OutOrStdout(), result.Report)
	}
	var text bytes.Buffer
	if err = writeJSON(&text, result.Report); err == nil {
		err = os.WriteFile(o.report, text.Bytes(), 0o644)
	}
	if err != nil {
		return fmt.Errorf("the model is in %s, but its report cannot be written: %w", o.out, err)
	}
	return nil
}

// stopped adds the state of the model file to err.
func (o *trainFlags) stopped(ctx context.Context, p *learning, err error) error {
	state := "nothing was written"
	if _, statErr := os.Stat(o.out); statErr == nil {
		state = o.out + " is unchanged"
	}
	if ctx.Err() != nil {
		return fmt.Errorf("interrupted after %d of %d epochs, %s: %w", int(p.done), p.total, state, context.Cause(ctx))
	}
	return fmt.Errorf("train: %w; %s", err, state)
}
