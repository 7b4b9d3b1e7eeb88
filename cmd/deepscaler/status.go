package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/deepscaler/deepscaler/adapter/explain"
)

func newStatusCommand() *cobra.Command {
	var c cluster
	o, everywhere := output{people: "table"}, false
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show what the adapter plans: applications and services",
		Long: `Status shows the applications and services of a namespace as the adapter of the cluster
sees them. Who may read the metric of the namespace may read this.`,
		Example: `  # The namespace of the current context
  kubectl deepscaler status

  # All namespaces with HorizontalPodAutoscalers that follow DeepScaler
  kubectl deepscaler status -A`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
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
			namespaces := []string{namespace}
			if everywhere {
				if namespaces, err = client.Namespaces(cmd.Context()); err != nil {
					return err
				}
			}
			var documents []*explain.Document
			for _, n := range namespaces {
				d, err := client.Describe(cmd.Context(), explain.Query{Namespace: n})
				if err != nil {
					return err
				}
				documents = append(documents, d)
			}
			return o.write(cmd.OutOrStdout(), documents, func(w io.Writer) error { return explain.WriteStatus(w, documents) })
		},
	}
	cmd.Flags().BoolVarP(&everywhere, "all-namespaces", "A", false, "Show all namespaces.")
	o.addFlag(cmd.Flags())
	c.addFlags(cmd.Flags())
	return cmd
}
