package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/deepscaler/deepscaler/test/testbed/app"
)

func root() *cobra.Command {
	c := &cobra.Command{
		Use:   "testbed",
		Short: "Run a microservice application request by request",
		Long: `Testbed simulates every request of a microservice application: processor
sharing under CPU limits, queues, callers that wait for callees.

  serve     runs it in real time, with the telemetry of a service mesh on /metrics
  simulate  runs it in virtual time, hours in seconds, into a CSV file
  apps      lists the built-in applications`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	c.AddCommand(serveCommand(), simulateCommand(), appsCommand())
	return c
}

func appsCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "apps [NAME]",
		Short:   "List the applications, or print the description of one",
		Example: "  testbed apps\n  testbed apps bookinfo > mine.yaml",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				source, err := app.Source(args[0])
				if err == nil {
					_, err = c.OutOrStdout().Write(source)
				}
				return err
			}
			for _, name := range app.Builtin() {
				a, err := app.Load(name)
				if err != nil {
					return err
				}
				fmt.Fprintf(c.OutOrStdout(), "%-16s %2d services, %2d journeys, SLO %v %s\n", name, len(a.Services), len(a.Users.Journeys), a.SLO.Latency.D(), a.SLO.Statistic)
			}
			return nil
		},
	}
}
