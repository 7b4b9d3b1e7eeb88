package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/deepscaler/deepscaler/learner/sidecar"
)

// learnerGC replaces Go's default of 100 unless GOGC is set: histories and samples live
// long, and as much garbage beside them would not fit into the memory of the container.
const learnerGC = 50

func newLearnerCommand() *cobra.Command {
	flags, format, verbose := new(sidecar.Flags), "text", false
	cmd := &cobra.Command{
		Use:   "learner --config FILE --exchange FOLDER",
		Short: "Learn beside the adapter, in a container of its pod",
		Long: `Learner reads the list of applications that the adapter of its pod writes, and the
history of each from Prometheus. It trains a model as soon as there is enough of
it, and then whenever services change, accuracy drops or the model is old.

A trained model is judged on recent history that was held back. If it beats the
serving model and queueing theory there, the adapter finds it in the folder that
both share, verifies it and publishes it to all replicas; otherwise what served
goes on. It needs no access to Kubernetes.

The learner may be killed at any time. It runs with the lowest priority, and keeps
to GOMAXPROCS and GOMEMLIMIT. It opens no port: the adapter serves its metrics.`,
		Example: `  # Beside an adapter with models: {exchange: /var/run/deepscaler/exchange} in its configuration
  deepscaler learner --config /etc/deepscaler/config.yaml --exchange /var/run/deepscaler/exchange

  # What it is doing
  cat /var/run/deepscaler/exchange/learner.prom

  # Whether it is alive
  deepscaler learner --exchange /var/run/deepscaler/exchange --healthy`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := newLog(cmd.ErrOrStderr(), format, verbose)
			if err != nil {
				return err
			}
			if err := flags.Validate(); err != nil {
				return err
			}
			if os.Getenv("GOGC") == "" {
				debug.SetGCPercent(learnerGC)
			}
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return flags.Run(ctx, log)
		},
	}
	flags.Add(cmd.Flags())
	cmd.Flags().StringVar(&format, "log-format", format, "Format of the log: text or json.")
	cmd.Flags().BoolVar(&verbose, "verbose", verbose, "Also log every epoch, and notes about telemetry.")
	cmd.Flags().SortFlags = false
	return cmd
}

// newLog returns a log of lines with keys and values.
func newLog(w io.Writer, format string, verbose bool) (*slog.Logger, error) {
	options := &slog.HandlerOptions{}
	if verbose {
		options.Level = slog.LevelDebug
	}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, options)), nil
	}
	return nil, fmt.Errorf("--log-format is %q, want text or json", format)
}
