// Demo runs DeepScaler on a real Kubernetes control plane on this machine. It shows how stock
// HPAs scale Online Boutique under a bursty load.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command().ExecuteContext(ctx)
	stop()
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	o := defaults()
	c := &cobra.Command{
		Use:   "demo",
		Short: "Watch stock HPAs scale a whole application on deepscaler_desired_replicas",
		Long: `Demo builds what is missing (a few minutes the first time), starts a Kubernetes
control plane, an application under load, Prometheus, Jaeger and the DeepScaler
adapter with its learner on the loopback interface, and shows a live table per
service: what is needed, which estimator forecasts it, how far the network is trusted,
which services it has learned to depend on each other, and what the learner does.
The learner has enough history after four minutes; from then on a network takes over
as soon as one beats queueing theory. After six minutes users of Online Boutique begin
to buy, so that load moves to other services.

It leaves nothing behind: Ctrl-C stops every program and removes
its files.`,
		Example: `  # Until Ctrl-C
  go run ./hack/demo

  # Ten minutes, then a summary
  go run ./hack/demo --duration 10m`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.validate(); err != nil {
				return err
			}
			return run(c.Context(), o, c.OutOrStdout())
		},
	}
	f := c.Flags()
	f.DurationVar(&o.duration, "duration", o.duration, "End after this time of load and print a summary; 0 means run until Ctrl-C.")
	f.StringVar(&o.application, "app", o.application, "Application: bookinfo, online-boutique, train-ticket or a description of your own.")
	f.StringVar(&o.load, "load", o.load, "Load profile: burst, paper, or another profile of the testbed (see go run ./test/testbed/cmd/testbed serve --help).")
	f.StringVar(&o.mix, "mix", o.mix, "Mix of journeys, or several with their starting times; without one that of Online Boutique is "+changingMix+".")
	f.Float64Var(&o.rps, "rps", o.rps, "Requests per second that the load starts from.")
	f.DurationVar(&o.refresh, "refresh", o.refresh, "Time between two tables.")
	return c
}
