package main

import (
	"time"

	"github.com/spf13/cobra"
	cliflag "k8s.io/component-base/cli/flag"

	"github.com/deepscaler/deepscaler/learner/train"
)

func newTrainCommand() *cobra.Command {
	options := train.NewOptions()
	cmd := &cobra.Command{
		Use:   "train --series FILE --out FILE",
		Short: "Learn a model from recorded history",
		Long: `Train learns from the history of one application how many replicas each of its
services will need: a network that looks at all services at once, and the graph
of who depends on whom. It divides the history in time order, by default 70/10/20:
the network learns from the first part, the second says which of its states is
the best, and on the third, which it never saw, it is compared with the forecasts
that everything stays as it is (persistence) and that everything is as it was a
season ago (seasonal).

The model is written at the very end, with a report; after Ctrl-C or an error the
file that was there is as it was. The report in JSON goes to standard output or
to --report, progress to standard error.`,
		Example: `  # What deepscaler record has written, for an application that promises 100 ms
  deepscaler train --series shop.csv.gz --graph shop-graph.csv --slo 100ms --out model.safetensors --report report.json

  # Go on from that model with newer history, even when services have joined or left
  deepscaler train --series today.csv.gz --graph shop-graph.csv --from model.safetensors --iterations 1 --out model.safetensors

  # A forecast of requests instead of replicas, 1, 4 and 10 steps ahead, and one that they are compared with
  deepscaler train --series shop.csv.gz --graph shop-graph.csv --target requests --horizon 1,4,10 --out requests.safetensors
  deepscaler train --series shop.csv.gz --graph shop-graph.csv --target requests --horizon 1,4,10 --model dcrnn --out dcrnn.safetensors`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := options.Validate(); err != nil {
				return err
			}
			c, err := options.Config(train.Terminal{Out: cmd.ErrOrStderr(), Result: cmd.OutOrStdout(), Width: columns(cmd.ErrOrStderr()), Now: time.Now})
			if err != nil {
				return err
			}
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return c.Run(ctx)
		},
	}
	groups := &cliflag.NamedFlagSets{}
	options.Flags(groups.FlagSet)
	for _, fs := range groups.FlagSets {
		cmd.Flags().AddFlagSet(fs)
	}
	cmd.SetHelpFunc(func(cmd *cobra.Command, _ []string) { help(cmd, *groups) })
	return cmd
}
