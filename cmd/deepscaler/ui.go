package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/deepscaler/deepscaler/adapter/explain"
	"github.com/deepscaler/deepscaler/adapter/ui"
)

func newUICommand() *cobra.Command {
	var c cluster
	port := 8787
	cmd := &cobra.Command{
		Use:   "ui",
		Short: "Show applications live on a page in the browser",
		Long: `Ui serves a page on localhost, with your kubeconfig and your rights: the graph of an
application, each service with its pods, its desired replicas and its need over the horizon,
and the trust in the model over time. It updates live and names what is wrong.`,
		Example: `  # The namespace of the current context, on http://127.0.0.1:8787
  kubectl deepscaler ui

  # Another one, on any free port
  kubectl deepscaler ui -n shop --port 0`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, namespace, err := c.connect()
			if err != nil {
				return err
			}
			client, err := explain.NewClient(config)
			if err != nil {
				return err
			}
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			s := &ui.Server{Source: client, Namespace: namespace}
			return s.Run(ctx, port, func(url string) { fmt.Fprintf(cmd.OutOrStdout(), "open %s (Ctrl-C ends)\n", url) })
		},
	}
	cmd.Flags().IntVar(&port, "port", port, "Port on localhost; 0 means any free one.")
	c.addFlags(cmd.Flags())
	return cmd
}
