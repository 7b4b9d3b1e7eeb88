package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/deepscaler/deepscaler/adapter/discovery"
	"github.com/deepscaler/deepscaler/adapter/hpagenerator"
	"github.com/deepscaler/deepscaler/adapter/registration"
)

func newHPACommand() *cobra.Command {
	var c cluster
	var p prometheus
	var except []string
	everywhere, api, history := false, "auto", 7*24*time.Hour
	cmd := &cobra.Command{
		Use:   "hpa",
		Short: "Print HorizontalPodAutoscalers for everything that has none for the metric",
		Long: `Hpa prints a HorizontalPodAutoscaler for each Deployment and StatefulSet of a namespace
that does not follow deepscaler_desired_replicas yet, as YAML for kubectl apply. It changes
nothing. What it leaves out, and what you should look at, goes to standard error. Leave out
what more replicas would break or distort: stores and load generators, with --except.

A workload that an autoscaler scales already keeps it, with its bounds, behaviour and
metrics, and the metric is added: the larger number counts. Others get an autoscaler with
the bounds

  min  the lowest number of replicas that it had for more than 1 % of the history. If the
       number never changed, or no history is known: 2 if it has 2 or more, otherwise 1
  max  twice the highest number of the history, or of the present, and at least 10

The history is that of the ready replicas in Prometheus, with --prometheus-url or --config.
Less than an hour of it does not count.`,
		Example: `  # Look at them, check them on the server, apply them
  kubectl deepscaler hpa --namespace shop --except redis,loadgenerator
  kubectl deepscaler hpa --namespace shop | kubectl apply --server-side --dry-run=server -f -
  kubectl deepscaler hpa --namespace shop | kubectl apply -f -

  # With bounds from the last two weeks
  kubectl port-forward -n monitoring svc/prometheus 9090 &
  kubectl deepscaler hpa --namespace shop --prometheus-url http://localhost:9090 --history 336h

  # Server-side, over the fields of existing autoscalers that others applied
  kubectl deepscaler hpa --namespace shop | kubectl apply --server-side --force-conflicts -f -`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, namespace, err := c.connect()
			if err != nil {
				return err
			}
			if everywhere {
				namespace = metav1.NamespaceAll
			}
			g := &hpagenerator.Generator{Except: except}
			if g.Way, err = wayOf(cmd.Context(), config, api); err != nil {
				return err
			}
			if g.Client, err = newClients(config); err != nil {
				return fmt.Errorf("create a Kubernetes client: %w", err)
			}
			if p.given() {
				file, err := p.load()
				if err != nil {
					return err
				}
				if g.History, err = hpagenerator.NewPrometheus(file.Telemetry, history, time.Now); err != nil {
					return err
				}
			}
			r, err := g.Generate(cmd.Context(), namespace)
			if err != nil {
				return err
			}
			for _, note := range r.Notes {
				fmt.Fprintln(cmd.ErrOrStderr(), "note:", note)
			}
			if len(r.Autoscalers) == 0 {
				fmt.Fprintln(cmd.ErrOrStderr(), "note: nothing to apply")
			}
			return hpagenerator.WriteYAML(cmd.OutOrStdout(), r.Autoscalers)
		},
	}
	fs := cmd.Flags()
	fs.BoolVarP(&everywhere, "all-namespaces", "A", false, "Look at all namespaces, also those of the system.")
	fs.StringSliceVar(&except, "except", nil, "Names of workloads to leave out, comma-separated.")
	fs.StringVar(&api, "api", api, "How they read the metric: external, custom, or auto for custom where only that API leads to DeepScaler.")
	fs.DurationVar(&history, "history", history, "How far the history goes back; with --prometheus-url or --config.")
	p.addFlags(fs)
	c.addFlags(fs)
	return cmd
}

// wayOf returns how autoscalers read the metric in a cluster.
func wayOf(ctx context.Context, config *rest.Config, api string) (discovery.Way, error) {
	switch api {
	case "external":
		return discovery.External, nil
	case "custom":
		return discovery.Object, nil
	case "auto":
	default:
		return "", fmt.Errorf("--api is %q, want external, custom or auto", api)
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return "", fmt.Errorf("create a Kubernetes client: %w", err)
	}
	apis, err := registration.Lookup(ctx, client)
	if apierrors.IsForbidden(err) {
		return "", fmt.Errorf("%w\ngive --api external, or custom where another server has the external metrics API", err)
	}
	if err != nil {
		return "", err
	}
	way := discovery.External
	for _, a := range apis {
		if a.Ours && a.Way == discovery.External {
			return a.Way, nil
		}
		if a.Ours {
			way = a.Way
		}
	}
	return way, nil
}
