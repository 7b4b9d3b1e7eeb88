package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/deepscaler/deepscaler/adapter/explain"
)

func newExplainCommand() *cobra.Command {
	var c cluster
	o := output{people: "text"}
	cmd := &cobra.Command{
		Use:   "explain SERVICE",
		Short: "Explain the replicas that are planned for a service",
		Long: `Explain shows what the number of a service rests on: its telemetry, the need over the
coming steps by model and by queueing theory, the part of the season, the neighbours that
moved it, the trust in the model, and the bounds. Who may read the metric may read this.`,
		Example: `  # Why cart gets as many replicas as it does
  kubectl deepscaler explain cart -n shop

  # The same for scripts
  kubectl deepscaler explain cart -n shop -o json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("%d services are named, want one, as in deepscaler explain cart; deepscaler status lists them", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.validate(); err != nil {
				return err
			}
			config, namespace, err := c.connect()
			if err != nil {
				return err
			}
			client, err := explain.NewClient(config)
			if err != nil {
				return err
			}
			d, err := client.Describe(cmd.Context(), explain.Query{Namespace: namespace, Service: args[0], Full: true})
			if err != nil {
				return err
			}
			return o.write(cmd.OutOrStdout(), d, func(w io.Writer) error { return explain.WriteText(w, d) })
		},
	}
	o.addFlag(cmd.Flags())
	c.addFlags(cmd.Flags())
	return cmd
}
