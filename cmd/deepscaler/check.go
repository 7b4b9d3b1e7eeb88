package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/deepscaler/deepscaler/adapter/check"
	"github.com/deepscaler/deepscaler/adapter/config"
	"github.com/deepscaler/deepscaler/adapter/explain"
	"github.com/deepscaler/deepscaler/adapter/registration"
)

func newCheckCommand() *cobra.Command {
	var c cluster
	var p prometheus
	o, system := output{people: "table"}, "deepscaler-system"
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check what DeepScaler needs in a cluster and what is missing",
		Long: `Check looks at a namespace as you do, with your rights, and reports item by item:

  rights       what you may read; what you may not stays unknown
  apis         who owns the metrics APIs, and whether the API server reaches them
  adapter      its pods
  plan         what it plans, as autoscalers read it
  prometheus   where telemetry comes from
  telemetry    the age of each feature of each workload, and what is wrong with it
  calls        the call graph
  autoscalers  their faults, and workloads without one

The address and queries of Prometheus are those of the adapter's ConfigMap. From outside of
the cluster it cannot be reached there: forward a port, and give --prometheus-url.
Output json also has the metrics behind each feature.

It changes nothing. The exit code is 1 if anything has failed; warnings and what is unknown
do not count.`,
		Example: `  # What is missing for namespace shop?
  kubectl port-forward -n monitoring svc/prometheus 9090 &
  kubectl deepscaler check --namespace shop --prometheus-url http://localhost:9090

  # Before the installation: does Prometheus have what DeepScaler reads?
  kubectl deepscaler check -n shop --prometheus-url http://localhost:9090 --preset linkerd

  # In CI
  kubectl deepscaler check -n shop --output json > report.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.validate(); err != nil {
				return err
			}
			kube, namespace, err := c.connect()
			if err != nil {
				return err
			}
			checker, err := newChecker(kube)
			if err != nil {
				return err
			}
			checker.Namespace, checker.PrometheusURL, checker.Preset = system, p.url, p.preset
			if p.file != "" {
				if checker.Config, err = config.Load(p.file); err != nil {
					return err
				}
			}
			r := checker.Check(cmd.Context(), namespace)
			err = o.write(cmd.OutOrStdout(), r, r.Write)
			if failed := r.Count(check.Failed); failed > 0 && err == nil {
				err = fmt.Errorf("%d of %d checks failed", failed, len(r.Items))
			}
			return err
		},
	}
	fs := cmd.Flags()
	o.addFlag(fs)
	fs.StringVar(&system, "adapter-namespace", system, "Namespace of the adapter, where no metrics API leads to it.")
	p.addFlags(fs)
	c.addFlags(fs)
	return cmd
}

// newChecker returns a checker of a cluster.
func newChecker(kube *rest.Config) (*check.Checker, error) {
	client, err := newClients(kube)
	if err != nil {
		return nil, fmt.Errorf("create a Kubernetes client: %w", err)
	}
	anything, err := dynamic.NewForConfig(kube)
	if err != nil {
		return nil, fmt.Errorf("create a Kubernetes client: %w", err)
	}
	adapter, err := explain.NewClient(kube)
	if err != nil {
		return nil, err
	}
	return &check.Checker{
		Client: client, Adapter: adapter, Now: time.Now,
		APIs: func(ctx context.Context) ([]registration.API, error) { return registration.Lookup(ctx, anything) },
	}, nil
}
