package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/deepscaler/deepscaler/adapter/explain"
	"github.com/deepscaler/deepscaler/adapter/knowledge"
	"github.com/deepscaler/deepscaler/adapter/placementcheck"
)

func newPlacementCommand() *cobra.Command {
	var c cluster
	o, service := output{people: "table"}, ""
	cmd := &cobra.Command{
		Use:   "placement",
		Short: "Show where calls go, and where the scheduler plugin would have put the pods",
		Long: `Placement reports on the applications of a namespace as if the scheduler plugin ran there:

  - the shares of the calls between services that cross zones and that stay on their node,
    now, with trafficDistribution PreferSameZone on every Service, with the pods where the
    plugin's score would have put them, and with both
  - the load per pod in the busiest zone of a service, as a multiple of its mean
  - the same shares for the calls to each service, and its pods by zone. Arrows lead from
    the present to the plugin's layout with PreferSameZone. Output json has every pod
  - what to do

The plugin's layout starts without the pods of the application, and places them one by one
in the order in which they were created, each on the node with the highest score among those
that have room and that its selector, affinity and tolerations admit. Shares are computed
from the rates of calls and the layout; they are not measured.

It changes nothing. It needs the right to list nodes, the pods of all namespaces and the
Services of the application, and to read its metrics.`,
		Example: `  # Is it worth it for namespace shop?
  kubectl deepscaler placement -n shop

  # Every pod of cart: its node, and the one of the plugin
  kubectl deepscaler placement -n shop --service cart -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.validate(); err != nil {
				return err
			}
			config, namespace, err := c.connect()
			if err != nil {
				return err
			}
			client, err := newClients(config)
			if err != nil {
				return fmt.Errorf("create a Kubernetes client: %w", err)
			}
			adapter, err := knowledge.NewClient(config)
			if err != nil {
				return err
			}
			documents, err := explain.NewClient(config)
			if err != nil {
				return err
			}
			checker := &placementcheck.Checker{
				Client: client, Adapter: &placementcheck.Either{Metrics: adapter, Documents: documents}, Now: time.Now,
			}
			reports, err := checker.Check(cmd.Context(), namespace, service)
			if err != nil {
				return err
			}
			return o.write(cmd.OutOrStdout(), reports, func(w io.Writer) error { return placementcheck.Write(w, reports) })
		},
	}
	cmd.Flags().StringVar(&service, "service", "", "Name of a service, to list that one alone.")
	o.addFlag(cmd.Flags())
	c.addFlags(cmd.Flags())
	return cmd
}
