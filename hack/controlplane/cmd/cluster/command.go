package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/deepscaler/deepscaler/hack/controlplane"
)

const overview = `A real Kubernetes control plane on this machine, without containers.

etcd, kube-apiserver, kube-controller-manager and kube-scheduler are built from
source, pinned to one version; KWOK simulates the nodes and the pods: a pod becomes
Running and Ready, but no container runs. Everything listens on 127.0.0.1 only.

The first use builds the programs, which takes about 11 minutes on two cores and
needs the Go module proxy. The user's cache directory keeps them, so later uses,
also in other clones, start in seconds and need no network.`

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "cluster",
		Short:         "A real Kubernetes control plane on this machine",
		Long:          overview,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(buildCommand(), upCommand(), downCommand(), statusCommand())
	return root
}

func buildCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "build [component]...",
		Short: "Build the programs without starting anything",
		Long: `Build the programs that are missing from the user's cache directory and print
where each one is. Without arguments all those of a cluster are built.

Components of a cluster: ` + componentList(controlplane.Components()) + `
Others: ` + componentList(controlplane.Optional()),
		Example: "  cluster build\n  cluster build kubectl prometheus",
		RunE: func(cmd *cobra.Command, args []string) error {
			var components []controlplane.Component
			for _, arg := range args {
				components = append(components, controlplane.Component(arg))
			}
			binaries, err := controlplane.Build(cmd.Context(), controlplane.BuildOptions{
				Components: components,
				Progress:   cmd.ErrOrStderr(),
			})
			if err != nil {
				return err
			}
			for _, component := range slices.Concat(controlplane.Components(), controlplane.Optional()) {
				if path, built := binaries[component]; built {
					fmt.Fprintf(cmd.OutOrStdout(), "%s\t%s\n", component, path)
				}
			}
			return nil
		},
	}
}

func componentList(components []controlplane.Component) string {
	var names []string
	for _, component := range components {
		names = append(names, string(component))
	}
	return strings.Join(names, ", ")
}

func nameFlag(cmd *cobra.Command, name *string) {
	cmd.Flags().StringVar(name, "name", "deepscaler", "name of the cluster; clusters of different names run side by side")
}

func downCommand() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:     "down",
		Short:   "Stop a cluster and remove everything it stored",
		Long:    "Stop a cluster and remove its data directory. It succeeds if the cluster does not run.",
		Example: "  cluster down\n  cluster down --name second",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			home, err := homeOf(name)
			if err != nil {
				return err
			}
			was, err := home.stop(cmd.Context(), 30*time.Second)
			if err != nil {
				return err
			}
			if !was {
				fmt.Fprintf(cmd.ErrOrStderr(), "cluster %q does not run\n", name)
				return nil
			}
			fmt.Fprintf(cmd.ErrOrStderr(), "cluster %q is stopped\n", name)
			return nil
		},
	}
	nameFlag(cmd, &name)
	return cmd
}

func statusCommand() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Print whether a cluster runs, where, and which of its programs failed",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			home, err := homeOf(name)
			if err != nil {
				return err
			}
			s, err := home.read()
			if err != nil {
				return err
			}
			fmt.Fprint(cmd.OutOrStdout(), s.describe())
			failures, err := home.failures()
			if err != nil {
				return err
			}
			fmt.Fprint(cmd.OutOrStdout(), failures)
			return nil
		},
	}
	nameFlag(cmd, &name)
	return cmd
}
