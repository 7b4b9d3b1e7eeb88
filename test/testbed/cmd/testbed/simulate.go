package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/simulate"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

type simulateOptions struct {
	loadOptions
	app      string
	duration time.Duration
	step     time.Duration
	start    string
	replicas string
	min, max int
	every    time.Duration
	out      string
	graph    string
}

func simulateCommand() *cobra.Command {
	o := &simulateOptions{}
	c := &cobra.Command{
		Use:   "simulate",
		Short: "Run an application in virtual time into a CSV file",
		Long: `Simulate runs an application as fast as the machine can and writes, for every
step and service, timestamp,service,requests,latency,cpu,memory,replicas. An empty
cell is a missing value. --graph adds the true call graph as
source,destination,weight (mean calls for each call of the source).

The same seed and flags give the same bytes.`,
		Example: `  # Six hours of Online Boutique under a random walk of its replicas
  testbed simulate --app online-boutique --duration 6h --profile paper --rps 40 \
    --replicas walk --seed 7 --out boutique.csv.gz --graph calls.csv`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), c.OutOrStdout(), c.ErrOrStderr()) },
	}
	f := c.Flags()
	f.StringVar(&o.app, "app", "online-boutique", "Application: a name from testbed apps, or a file.")
	f.DurationVar(&o.duration, "duration", time.Hour, "Virtual time to simulate.")
	f.DurationVar(&o.step, "step", 30*time.Second, "Time between two rows of a service.")
	f.StringVar(&o.start, "start", "2026-01-01T00:00:00Z", "Time of the beginning, in the timestamps.")
	f.StringVar(&o.replicas, "replicas", "fixed", "Replica schedule: fixed (those of the description), a number, walk (random), or a CSV second,service,replicas.")
	f.IntVar(&o.min, "min-replicas", 1, "Lower bound of --replicas walk.")
	f.IntVar(&o.max, "max-replicas", 10, "Upper bound of --replicas walk.")
	f.DurationVar(&o.every, "walk-period", 2*time.Minute, "Time between two steps of --replicas walk.")
	f.StringVar(&o.out, "out", "-", "File for the telemetry, compressed if its name ends in .gz; - is standard output.")
	f.StringVar(&o.graph, "graph", "", "File for the call graph.")
	o.add(f)
	return c
}

func (o *simulateOptions) run(ctx context.Context, stdout, log io.Writer) (err error) {
	a, err := app.Load(o.app)
	if err != nil {
		return err
	}
	start, err := time.Parse(time.RFC3339, o.start)
	if err != nil {
		return fmt.Errorf("--start: %w", err)
	}
	schedule, err := o.schedule(a)
	if err != nil {
		return err
	}
	work, _, err := o.build(a)
	if err != nil {
		return err
	}
	engine, err := simulation.New(a, o.seed)
	if err != nil {
		return err
	}
	engine.SetLoad(work)

	began := time.Now()
	var result simulate.Result
	err = write(o.out, stdout, func(w io.Writer) (err error) {
		result, err = simulate.Run(ctx, engine, schedule, w, simulate.Options{
			Duration: o.duration, Step: o.step, Start: start, Progress: progress(log, time.Now),
		})
		return err
	})
	if err != nil {
		return err
	}
	if o.graph != "" {
		if err := write(o.graph, stdout, func(w io.Writer) error { return simulate.WriteGraph(engine, w) }); err != nil {
			return err
		}
	}
	elapsed := time.Since(began)
	fmt.Fprintf(log, "%v of %s in %v: %d requests, %d calls (%.0f calls/s), SLO violated in %.2f %% of the steps, %.3f core-hours\n",
		o.duration, a.Name, elapsed.Round(time.Millisecond), result.Requests, result.Calls, float64(result.Calls)/elapsed.Seconds(), 100*result.Violations, result.CoreHours)
	return nil
}

func (o *simulateOptions) schedule(a *app.Application) (simulate.Schedule, error) {
	var n int
	switch _, err := fmt.Sscanf(o.replicas, "%d", &n); {
	case o.replicas == "fixed":
		return simulate.NewFixed(a, 0)
	case o.replicas == "walk":
		return simulate.NewWalk(a, o.seed, o.min, o.max, o.every.Seconds())
	case err == nil && fmt.Sprint(n) == o.replicas:
		return simulate.NewFixed(a, n)
	}
	f, err := os.Open(o.replicas)
	if err != nil {
		return nil, fmt.Errorf("--replicas wants fixed, walk, a number or a file: %w", err)
	}
	defer f.Close()
	return simulate.ReadCSV(f, a)
}

// write writes a complete file or none: a failed run leaves the old file.
func write(path string, stdout io.Writer, content func(io.Writer) error) (err error) {
	if path == "-" {
		return content(stdout)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".testbed-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
	}()
	if strings.HasSuffix(path, ".gz") {
		z := gzip.NewWriter(f)
		if err := content(z); err != nil {
			return err
		}
		if err := z.Close(); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
	} else if err := content(f); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := f.Chmod(0o644); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return f.Close()
}

// progress prints the finished share every two seconds.
func progress(log io.Writer, now func() time.Time) func(float64) {
	last := now()
	return func(share float64) {
		if t := now(); t.Sub(last) >= 2*time.Second {
			last = t
			fmt.Fprintf(log, "%.0f %%\n", 100*share)
		}
	}
}
