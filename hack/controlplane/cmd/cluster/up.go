package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/deepscaler/deepscaler/hack/controlplane"
	"github.com/deepscaler/deepscaler/hack/controlplane/process"
)

type upFlags struct {
	name       string
	cluster    controlplane.Options
	scrape     []string
	jaeger     bool
	foreground bool
}

func upCommand() *cobra.Command {
	var flags upFlags
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Start a cluster in the background",
		Long: `Start a cluster and return when it is ready, with the path of its kubeconfig and
lines to try. It runs until "down", or with --foreground until Ctrl-C. If it runs
already, print where.

A program of the cluster that ends by itself is reported with the end of its log,
by "status" or, with --foreground, on standard error.`,
		Example: `  cluster up
  cluster up --name second --scrape 127.0.0.1:9000 --jaeger --foreground`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			home, err := homeOf(flags.name)
			if err != nil {
				return err
			}
			if s, err := home.read(); err == nil {
				fmt.Fprint(cmd.OutOrStdout(), s.describe())
				return nil
			} else if !errors.Is(err, errNotRunning) {
				return err
			}
			if err := home.clear(); err != nil {
				return err
			}
			if !flags.foreground {
				return detach(cmd.Context(), home, cmd.OutOrStdout(), cmd.ErrOrStderr())
			}
			report, err := reportTo(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return supervise(cmd.Context(), home, flags, cmd.OutOrStdout(), report)
		},
	}
	nameFlag(cmd, &flags.name)
	f := cmd.Flags()
	f.IntVar(&flags.cluster.Nodes, "nodes", 3, "number of simulated nodes")
	f.DurationVar(&flags.cluster.HPASyncPeriod, "hpa-sync-period", 2*time.Second, "how often every HorizontalPodAutoscaler is evaluated")
	f.DurationVar(&flags.cluster.PodStartDelay, "pod-start-delay", 3*time.Second, "time from binding a pod to a node until it is ready")
	f.IntVar(&flags.cluster.Verbosity, "v", 0, "log level of the Kubernetes programs")
	f.StringArrayVar(&flags.scrape, "scrape", nil, "start a Prometheus that scrapes this host:port (may be repeated)")
	f.BoolVar(&flags.jaeger, "jaeger", false, "start a Jaeger")
	f.BoolVar(&flags.foreground, "foreground", false, "stay until Ctrl-C and then stop the cluster")
	return cmd
}

// supervise runs a cluster until ctx ends. Progress and failures go to report; the
// description of the ready cluster goes to out.
func supervise(ctx context.Context, home home, flags upFlags, out io.Writer, report *reporter) (err error) {
	opts := flags.cluster
	opts.Dir = home.dir
	opts.Progress, opts.Build.Progress = report, report
	cluster, err := controlplane.Start(ctx, opts)
	if errors.Is(err, process.ErrDirInUse) {
		return report.fail(fmt.Errorf("cluster %q is just being started or stopped; if not, remove %s", home.name, home.dir))
	}
	if err != nil {
		return report.fail(err)
	}
	defer func() { err = errors.Join(err, cluster.Stop(context.WithoutCancel(ctx))) }()

	s := state{
		Name: home.name, PID: os.Getpid(), Dir: home.dir,
		Kubeconfig: cluster.Kubeconfig(), Kubectl: cluster.Binary(controlplane.Kubectl),
		Processes: map[string]int{},
	}
	if len(flags.scrape) > 0 {
		prometheus, err := cluster.StartPrometheus(ctx, controlplane.PrometheusOptions{
			Jobs: []controlplane.ScrapeJob{{Name: "scrape", Targets: flags.scrape}},
		})
		if err != nil {
			return report.fail(err)
		}
		s.Prometheus = prometheus.URL()
	}
	if flags.jaeger {
		jaeger, err := cluster.StartJaeger(ctx)
		if err != nil {
			return report.fail(err)
		}
		s.JaegerUI, s.JaegerOTLP = jaeger.QueryURL(), jaeger.OTLPHTTPEndpoint()
	}
	for _, component := range controlplane.Components() {
		if p := cluster.Process(component); p != nil {
			s.Processes[string(component)] = p.PID()
		}
	}
	locked, err := home.write(s)
	if err != nil {
		return report.fail(err)
	}
	defer locked.Close()
	fmt.Fprint(out, s.describe())
	if err := report.ready(home.failureFile()); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case failure := <-cluster.Failed():
			fmt.Fprintln(report, failure)
		}
	}
}
