package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// pluginName is the name under which kubectl finds this program as its plugin: a link
// to it, so that adapter and plugin are of one version.
const pluginName = "kubectl-deepscaler"

// newCommand returns the command line of the program with the given path.
func newCommand(program string) *cobra.Command {
	if strings.TrimSuffix(filepath.Base(program), ".exe") == pluginName {
		return newPluginCommand()
	}
	return newRootCommand()
}

// newPluginCommand returns the commands for users of a cluster alone.
func newPluginCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:          pluginName,
		Annotations:  map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl deepscaler"},
		Short:        "Look at the replicas that DeepScaler plans in a cluster",
		Long:         "Look at the replicas that DeepScaler plans in a cluster, and why.",
		Example:      "  # What is planned in a namespace\n  kubectl deepscaler status -n shop",
		SilenceUsage: true,
		Version:      versionText(),
	}
	cmd.SetVersionTemplate("{{.Version}}")
	cmd.AddCommand(clusterCommands()...)
	return cmd
}

// clusterCommands returns the commands that talk to a cluster as kubectl does, with the
// user's kubeconfig. They belong to both command lines.
func clusterCommands() []*cobra.Command {
	return []*cobra.Command{newCheckCommand(), newStatusCommand(), newExplainCommand(), newHPACommand(), newPlacementCommand(), newUICommand()}
}

// cluster has the flags of kubectl that choose a cluster, a user and a namespace.
type cluster struct {
	file      string
	overrides clientcmd.ConfigOverrides
}

func (c *cluster) addFlags(fs *pflag.FlagSet) {
	fs.StringVar(&c.file, "kubeconfig", "", "kubeconfig file; by default that of kubectl.")
	flags := clientcmd.RecommendedConfigOverrideFlags("")
	flags.ContextOverrideFlags.Namespace.ShortName = "n"
	clientcmd.BindOverrideFlags(&c.overrides, fs, flags)
}

// connect returns how to reach the cluster, and the namespace that is meant.
func (c *cluster) connect() (*rest.Config, string, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = c.file
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &c.overrides)
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, "", fmt.Errorf("find the cluster: %w", err)
	}
	namespace, _, err := loader.Namespace()
	if err != nil {
		return nil, "", fmt.Errorf("find the namespace: %w", err)
	}
	config.UserAgent = pluginName + "/" + buildInfo().Version
	return config, namespace, nil
}
