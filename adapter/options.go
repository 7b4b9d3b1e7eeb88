// Package adapter serves jointly estimated replica counts on the external metrics API of
// Kubernetes. It discovers services from HorizontalPodAutoscalers, plans them once per step
// from their telemetry, and answers from the last plan.
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
	// BufferLease is the name of the Lease whose holder writes CapacityBuffers; empty when
	// none are written.
	BufferLease string
	// Server are the flags of the API server.
	Server *server.Options
	// KEDA are the flags of the external scaler for KEDA.
	KEDA KEDAOptions
}

// KEDAOptions are the flags of the external scaler for KEDA.
type KEDAOptions struct {
	// Port is 0 when KEDA is not served.
	Port int
	// ClientCAFile has the authorities of KEDA's client certificate; empty when it needs none.
	ClientCAFile string
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
	fs.StringVar(&o.BufferLease, "capacity-buffer-lease", o.BufferLease,
		"Existing Lease in the adapter's namespace, whose holder writes CapacityBuffers, so that nodes are there before the pods. Empty: none are written.")
	o.Server.AddServingFlags(groups.FlagSet("Serving"))
	keda := groups.FlagSet("KEDA")
	keda.IntVar(&o.KEDA.Port, "keda-port", o.KEDA.Port,
		"Port of the external scaler for KEDA, a gRPC server with the serving certificate. 0, the default, for none.")
	keda.StringVar(&o.KEDA.ClientCAFile, "keda-client-ca-file", o.KEDA.ClientCAFile,
		"File with the authorities of KEDA's client certificate, which is then required. Without it, let a NetworkPolicy keep others from the port.")
	o.Server.AddAuthFlags(groups.FlagSet("Authentication and authorisation"))
	return groups
}

// Validate reports every invalid flag.
func (o *Options) Validate() error {
	var errs []error
	if o.ConfigFile == "" {
		errs = append(errs, errors.New("--config is required: write one from --print-example-config"))
	}
	if o.KEDA.Port < 0 || o.KEDA.Port > 65535 {
		errs = append(errs, fmt.Errorf("--keda-port is %d, want a port, or 0 for none", o.KEDA.Port))
	}
	if o.KEDA.Port == 0 && o.KEDA.ClientCAFile != "" {
		errs = append(errs, errors.New("--keda-client-ca-file is given without --keda-port: give both, or neither"))
	}
	return errors.Join(append(errs, o.Server.Validate())...)
}

// Config is everything Run needs.
type Config struct {
	File *config.Adapter
	// BufferLease is that of [Options].
	BufferLease string
	Kube        *rest.Config
	Server      *server.Options
	KEDA        KEDAOptions
	Build       selfmetrics.Build
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
	return &Config{File: file, BufferLease: o.BufferLease, Kube: kube, Server: o.Server, KEDA: o.KEDA, Build: build}, nil
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
