// Package adapter serves jointly estimated replica counts on the external
// metrics API of Kubernetes: it discovers services from HorizontalPodAutoscalers,
// plans them once per step from their telemetry, and answers from the last plan.
package adapter

import (
	"errors"
	"fmt"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	cliflag "k8s.io/component-base/cli/flag"

	"github.com/deepscaler/deepscaler/adapter/config"
	"github.com/deepscaler/deepscaler/adapter/selfmetrics"
	"github.com/deepscaler/deepscaler/adapter/server"
)

// Options are the flags of the adapter.
type Options struct {
	// ConfigFile is the path of the configuration file.
	ConfigFile string
	// Kubeconfig is the path of a kubeconfig file; empty in a pod.
	Kubeconfig string
	// Server are the flags of the API server.
	Server *server.Options
}

// NewOptions returns the defaults.
func NewOptions() *Options { return &Options{Server: server.NewOptions()} }

// Flags returns the flags in named groups.
func (o *Options) Flags() *cliflag.NamedFlagSets {
	groups := &cliflag.NamedFlagSets{}
	fs := groups.FlagSet("DeepScaler")
	fs.StringVar(&o.ConfigFile, "config", o.ConfigFile,
		"Configuration file (required). --print-example-config prints one with explanations.")
	fs.StringVar(&o.Kubeconfig, "kubeconfig", o.Kubeconfig,
		"kubeconfig file of the cluster. Omit it in a pod. --authentication-kubeconfig and --authorization-kubeconfig default to it.")
	o.Server.AddServingFlags(groups.FlagSet("Serving"))
	o.Server.AddAuthFlags(groups.FlagSet("Authentication and authorisation"))
	return groups
}

// Validate reports every invalid flag.
func (o *Options) Validate() error {
	var missing error
	if o.ConfigFile == "" {
		missing = errors.New("--config is required: write one from --print-example-config")
	}
	return errors.Join(missing, o.Server.Validate())
}

// Config is everything Run needs.
type Config struct {
	File   *config.Adapter
	Kube   *rest.Config
	Server *server.Options
	Build  selfmetrics.Build
}

// Config reads the files that the options name.
func (o *Options) Config(build selfmetrics.Build) (*Config, error) {
	file, err := config.Load(o.ConfigFile)
	if err != nil {
		return nil, err
	}
	kube, err := o.kube()
	if err != nil {
		return nil, err
	}
	kube.UserAgent = server.Name + "/" + build.Version
	for _, path := range []*string{
		&o.Server.Authentication.RemoteKubeConfigFile,
		&o.Server.Authorization.RemoteKubeConfigFile,
	} {
		if *path == "" {
			*path = o.Kubeconfig
		}
	}
	return &Config{File: file, Kube: kube, Server: o.Server, Build: build}, nil
}

func (o *Options) kube() (*rest.Config, error) {
	if o.Kubeconfig == "" {
		c, err := rest.InClusterConfig()
		if err != nil {
			return nil, fmt.Errorf("find the cluster: %w; outside of a pod give --kubeconfig", err)
		}
		return c, nil
	}
	c, err := clientcmd.BuildConfigFromFlags("", o.Kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("read --kubeconfig: %w", err)
	}
	return c, nil
}
