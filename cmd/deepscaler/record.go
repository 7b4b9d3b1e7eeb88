package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/deepscaler/deepscaler/learner/record"
)

func newRecordCommand() *cobra.Command {
	options := record.NewOptions()
	cmd := &cobra.Command{
		Use:   "record --prometheus-url URL --namespace NAMESPACE --out FILE",
		Short: "Record the history of an application",
		Long: `Record reads the history of one application from Prometheus with the queries of
the adapter, and its invocation graph from the mesh and Jaeger. It writes both as
CSV:

  timestamp,service,<feature>,…    one row for every step and service
  source,destination,weight        weight is calls for each call of the source

A value that Prometheus lacks is an empty cell. Long ranges are read in pieces,
oldest first, and a piece that fails for a transient reason is read again. The
files appear when everything is read, so an interrupted recording leaves
no files.`,
		Example: `  # The last day of every service in namespace shop
  kubectl port-forward -n monitoring svc/prometheus 9090 &
  deepscaler record --prometheus-url http://localhost:9090 --namespace shop --out shop.csv.gz

  # Two weeks and the invocation graph, with the queries and credentials of the adapter
  deepscaler record --config adapter.yaml --namespace shop --start -14d --out shop.csv.gz --graph-out shop-graph.csv

  # An application over two namespaces; its services are recorded as namespace/name
  deepscaler record --prometheus-url http://localhost:9090 --namespace shop --namespace payments --out shop.csv.gz

  # Three services on one day
  deepscaler record --prometheus-url http://localhost:9090 --jaeger-url http://localhost:16686 \
    --namespace shop --services cart,checkout,frontend \
    --start 2026-01-31T00:00:00Z --end 2026-02-01T00:00:00Z --out day.csv --graph-out day-graph.csv`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := options.Validate(); err != nil {
				return err
			}
			c, err := options.Config(cmd.ErrOrStderr(), time.Now)
			if err != nil {
				return err
			}
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return c.Run(ctx)
		},
	}
	options.Flags(cmd.Flags())
	cmd.Flags().SortFlags = false
	return cmd
}
