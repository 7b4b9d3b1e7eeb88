package controlplane

import (
	"context"
	"errors"
	"time"

	"github.com/deepscaler/deepscaler/hack/controlplane/process"
)

// ScrapeJob is one scrape job of a [PrometheusServer].
type ScrapeJob struct {
	// Name becomes the job label.
	Name string
	// Targets are host:port pairs scraped over HTTP.
	Targets []string
	// Path of the metrics; empty means /metrics.
	Path string
}

// PrometheusOptions configures [Cluster.StartPrometheus].
type PrometheusOptions struct {
	// Jobs to scrape.
	Jobs []ScrapeJob
	// ScrapeInterval is the time between two scrapes of a target; 0 means 2 s.
	ScrapeInterval time.Duration
	// Retention is how long samples are kept; 0 means 24 h.
	Retention time.Duration
	// Config, when not empty, is a whole prometheus.yml and takes the place of
	// Jobs and ScrapeInterval.
	Config []byte
}

// PrometheusServer is a running Prometheus. Stop and Start of the embedded process
// restart it on the same port with the same data; Pause makes every query hang.
type PrometheusServer struct {
	*process.Process
}

// URL returns the base URL, for example http://127.0.0.1:20017.
func (p *PrometheusServer) URL() string { return "" }

// StartPrometheus runs a Prometheus beside the cluster and waits until it answers queries.
// The samples live in the cluster's data directory and survive a restart, but not the cluster.
func (c *Cluster) StartPrometheus(ctx context.Context, opts PrometheusOptions) (*PrometheusServer, error) {
	return nil, errors.New("controlplane: not built yet")
}
