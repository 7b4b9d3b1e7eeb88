package main

import "github.com/spf13/cobra"

func newRootCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "deepscaler",
		Short: "Scale a whole microservice application at once",
		Long: `DeepScaler watches a whole microservice application in Prometheus, estimates
jointly how many replicas every one of its services will need next, and serves
that as one number per service, deepscaler_desired_replicas, on the external
metrics API of Kubernetes. Stock HorizontalPodAutoscalers do the rest.`,
		Example: `  # Serve the metric in a cluster
  deepscaler adapter --config adapter.yaml

  # See what it plans
  deepscaler status --namespace shop

  # Read the metric
  kubectl get --raw "/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/deepscaler_desired_replicas?labelSelector=service=cart"`,
		SilenceUsage: true,
		Version:      versionText(),
	}
	cmd.SetVersionTemplate("{{.Version}}")
	cmd.AddCommand(newAdapterCommand(), newLearnerCommand(), newGraphCommand(), newRecordCommand(), newTrainCommand(), newBacktestCommand(), newVersionCommand())
	cmd.AddCommand(clusterCommands()...)
	return cmd
}
