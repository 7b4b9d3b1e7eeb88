package main

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/deepscaler/deepscaler/test/lab/workload"
	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/load"
	"github.com/deepscaler/deepscaler/test/testbed/simulate"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

// telemetry is how the testbed makes data.
type telemetry struct {
	// Folder keeps what was made.
	folder string
	hours  float64
	step   time.Duration
	// Replicas that the busiest service needs at the base of the load.
	replicas float64
	seed     uint64
}

func defaultTelemetry() telemetry {
	return telemetry{
		folder: filepath.Join(os.TempDir(), "deepscaler-study"),
		hours:  12, step: 30 * time.Second, replicas: 5, seed: 1,
	}
}

func (t *telemetry) add(fs *pflag.FlagSet) {
	fs.StringVar(&t.folder, "data", t.folder, "Folder that keeps the telemetry of applications; what is there is not made again.")
	fs.Float64Var(&t.hours, "hours", t.hours, "Virtual time of the telemetry of an application.")
	fs.DurationVar(&t.step, "step", t.step, "Step of the telemetry of an application.")
	fs.Float64Var(&t.replicas, "base-replicas", t.replicas, fmt.Sprintf("Load of an application: replicas that its busiest service needs at the base; the load is between %v and %v times that.", workload.Lowest, workload.Highest))
	fs.Uint64Var(&t.seed, "telemetry-seed", t.seed, "Seed of the telemetry of an application.")
}

func (t *telemetry) validate() error {
	switch {
	case t.step < time.Second || t.step%time.Second != 0:
		return fmt.Errorf("--step is %v, want whole seconds", t.step)
	case !(t.hours > 0 && t.hours <= 1000):
		return fmt.Errorf("--hours is %v, want more than 0 and at most 1000", t.hours)
	case !(t.replicas > 0 && t.replicas <= 100):
		return fmt.Errorf("--base-replicas is %v, want more than 0 and at most 100", t.replicas)
	case t.folder == "":
		return errors.New("--data is empty, want a folder")
	}
	return nil
}

func (t *telemetry) steps() int { return int(t.hours*float64(time.Hour)/float64(t.step) + 0.5) }

// flags returns those that make the same.
func (t *telemetry) flags(name string) []string {
	return []string{
		"--app", name, "--data", t.folder,
		fmt.Sprintf("--hours=%v", t.hours), fmt.Sprintf("--step=%v", t.step),
		fmt.Sprintf("--base-replicas=%v", t.replicas), fmt.Sprintf("--telemetry-seed=%d", t.seed),
	}
}

// files returns where series and graph of an application are kept, under a name
// that describes how they were made.
func (t *telemetry) files(a *app.Application, description []byte) (series, graph string) {
	sum := sha256.Sum256(description)
	base := filepath.Join(t.folder, fmt.Sprintf("%s-%s-%dx%v-load%v-seed%d",
		a.Name, hex.EncodeToString(sum[:4]), t.steps(), t.step, t.replicas, t.seed))
	return base + ".csv.gz", base + "-graph.csv"
}

// source returns the telemetry of an application, which a process of its own
// makes unless it is there: what that needs of memory is not to be this one's, which
// its children inherit in what the system reports.
func (t *telemetry) source(ctx context.Context, p *process, name string, log io.Writer) (source, error) {
	description, err := app.Source(name)
	if err != nil {
		return source{}, err
	}
	a, err := app.Decode(description)
	if err != nil {
		return source{}, err
	}
	series, graph := t.files(a, description)
	if !exists(series) || !exists(graph) {
		if err := p.call(ctx, log, nil, nil, append([]string{telemetryName}, t.flags(name)...)...); err != nil {
			return source{}, err
		}
	}
	return newSource(a.Name, series, graph)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

const telemetryName = "telemetry"

func telemetryCommand() *cobra.Command {
	t, name := defaultTelemetry(), "online-boutique"
	c := &cobra.Command{
		Use:   telemetryName,
		Short: "Make the telemetry that the studies of an application learn from",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := t.validate(); err != nil {
				return err
			}
			return t.make(c.Context(), name, c.ErrOrStderr())
		},
	}
	c.Flags().StringVar(&name, "app", name, "Application of the testbed, or a file that describes one.")
	t.add(c.Flags())
	return c
}

// began is the time of the first step, which is of no importance.
func began() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// make simulates an application and writes its files.
func (t *telemetry) make(ctx context.Context, name string, log io.Writer) error {
	description, err := app.Source(name)
	if err != nil {
		return err
	}
	a, err := app.Decode(description)
	if err != nil {
		return err
	}
	start, err := baseOf(a, t.replicas)
	if err != nil {
		return err
	}
	series, graph := t.files(a, description)
	if err := os.MkdirAll(t.folder, 0o755); err != nil {
		return err
	}
	fmt.Fprintf(log, "%s: simulate %d steps of %v from %.1f requests/s with seed %d\n", a.Name, t.steps(), t.step, start.rps, t.seed)
	engine, err := t.engine(a, start.rps)
	if err != nil {
		return err
	}
	var result simulate.Result
	err = writeFile(series, func(w io.Writer) error {
		z := gzip.NewWriter(w)
		result, err = simulate.Run(ctx, engine, newFollower(engine, t.step, start.replicas), z, simulate.Options{
			Duration: time.Duration(t.steps()) * t.step, Step: t.step, Start: began(),
		})
		return errors.Join(err, z.Close())
	})
	if err != nil {
		return err
	}
	if err := writeFile(graph, func(w io.Writer) error { return simulate.WriteGraph(engine, w) }); err != nil {
		return err
	}
	fmt.Fprintf(log, "%d requests, %d calls, SLO violated in %.1f %% of the steps: %s, %s\n",
		result.Requests, result.Calls, 100*result.Violations, series, graph)
	return nil
}

// engine returns the application under its load.
func (t *telemetry) engine(a *app.Application, rps float64) (*simulation.Engine, error) {
	engine, err := simulation.New(a, t.seed)
	if err != nil {
		return nil, err
	}
	profile, err := patterns(rps, t.steps()*int(t.step.Seconds()), t.seed)
	if err != nil {
		return nil, err
	}
	weights, err := a.Users.Mix(app.DefaultMix)
	if err != nil {
		return nil, err
	}
	users, err := load.NewOpen(a, weights, profile, t.seed, 0)
	if err != nil {
		return nil, err
	}
	engine.SetLoad(users)
	return engine, nil
}
