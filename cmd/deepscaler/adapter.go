package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"
	"golang.org/x/term"
	cliflag "k8s.io/component-base/cli/flag"
	logsapi "k8s.io/component-base/logs/api/v1"
	_ "k8s.io/component-base/logs/json/register" // --logging-format=json

	"github.com/deepscaler/deepscaler/adapter"
	"github.com/deepscaler/deepscaler/adapter/config"
)

// gcPercent replaces Go's default of 100 unless GOGC is set. With 41 services and a
// trained model, adapter/internal/footprint shows 71.2 and 72.6 MiB at most in two runs with 40
// and 50, and 0.0025 and 0.0020 of a core.
const gcPercent = 40

func newAdapterCommand() *cobra.Command {
	options := adapter.NewOptions()
	logs := logsapi.NewLoggingConfiguration()
	example := false
	cmd := &cobra.Command{
		Use:   "adapter --config FILE",
		Short: "Serve deepscaler_desired_replicas on the external metrics API",
		Long: `The adapter discovers services from the HorizontalPodAutoscalers that reference
deepscaler_desired_replicas, plans them once per step from their telemetry in
Prometheus, and answers the HPA controller from the last plan. It is registered
with an APIService for v1beta1.external.metrics.k8s.io, and authenticates and
authorises every caller through the cluster.`,
		Example: `  # Start from a configuration with explanations
  deepscaler adapter --print-example-config > adapter.yaml

  # In a pod, where it finds cluster, namespace and credentials by itself
  deepscaler adapter --config /etc/deepscaler/adapter.yaml --cert-dir /run/certificates

  # Outside of a cluster
  deepscaler adapter --config adapter.yaml --kubeconfig ~/.kube/config --cert-dir /tmp/certificates

  # With a certificate from cert-manager
  deepscaler adapter --config adapter.yaml --tls-cert-file /tls/tls.crt --tls-private-key-file /tls/tls.key`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if example {
				_, err := fmt.Fprint(cmd.OutOrStdout(), config.Example)
				return err
			}
			if err := errors.Join(options.Validate(), logsapi.Validate(logs, nil, nil).ToAggregate()); err != nil {
				return err
			}
			c, err := options.Config(buildInfo())
			if err != nil {
				return err
			}
			if err := logsapi.ValidateAndApply(logs, nil); err != nil {
				return fmt.Errorf("set up logging: %w", err)
			}
			if os.Getenv("GOGC") == "" {
				debug.SetGCPercent(gcPercent)
			}
			ctx, stop := interruptible(cmd.Context())
			defer stop()
			return c.Run(ctx)
		},
	}
	groups := options.Flags()
	groups.FlagSet("DeepScaler").BoolVar(&example, "print-example-config", false, "Print a complete configuration file and exit.")
	logsapi.AddFlags(logs, groups.FlagSet("Logging"))
	for _, fs := range groups.FlagSets {
		cmd.Flags().AddFlagSet(fs)
	}
	cmd.SetHelpFunc(func(cmd *cobra.Command, _ []string) { help(cmd, *groups) })
	return cmd
}

// help prints flags in their groups, which cobra by itself cannot.
func help(cmd *cobra.Command, groups cliflag.NamedFlagSets) {
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "%s\n\nUsage:\n  %s\n\nExamples:\n%s\n", cmd.Long, cmd.UseLine(), cmd.Example)
	width, _, err := term.GetSize(int(os.Stdout.Fd()))
	if err != nil {
		width = 0 // not a terminal: no wrapping
	}
	cliflag.PrintSections(out, groups, width)
}
