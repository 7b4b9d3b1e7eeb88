package main

import (
	"github.com/spf13/pflag"

	"github.com/deepscaler/deepscaler/adapter/config"
)

// prometheus has the flags that say where telemetry is, for a user outside of the cluster.
type prometheus struct {
	url, file, preset string
}

func (p *prometheus) addFlags(fs *pflag.FlagSet) {
	fs.StringVar(&p.url, "prometheus-url", "", "Base URL of Prometheus as you reach it, such as http://localhost:9090 behind kubectl port-forward.")
	fs.StringVar(&p.file, "config", "", "Configuration file of the adapter, for queries and credentials of Prometheus. --prometheus-url overrides its URL.")
	fs.StringVar(&p.preset, "preset", "", "Set of queries, such as istio, linkerd, cilium or otel; default that of --config, or istio.")
}

// given reports whether there is a Prometheus.
func (p *prometheus) given() bool { return p.url != "" || p.file != "" }

// load returns the configuration that the flags describe.
func (p *prometheus) load() (*config.Adapter, error) {
	return config.LoadFor(p.file, p.url, p.preset)
}
