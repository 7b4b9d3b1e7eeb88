package controlplane

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/prometheus/common/model"
	"sigs.k8s.io/yaml"

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
	// Config, unless empty, is a complete prometheus.yml that replaces Jobs and
	// ScrapeInterval.
	Config []byte
}

// PrometheusServer is a running Prometheus. Stop and Start of the embedded process
// restart it on the same port with the same data; Pause makes every query hang.
type PrometheusServer struct {
	*process.Process
	url string
}

// URL returns the base URL, for example http://127.0.0.1:20017.
func (p *PrometheusServer) URL() string { return p.url }

// StartPrometheus runs a Prometheus beside the cluster and waits until it answers queries.
// The samples live in the cluster's data directory and survive a restart, but not the
// cluster. A cluster runs one Prometheus at most.
func (c *Cluster) StartPrometheus(ctx context.Context, opts PrometheusOptions) (*PrometheusServer, error) {
	dir := filepath.Join(c.Dir(), string(Prometheus))
	config, err := opts.render()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory of Prometheus: %w", err)
	}
	configFile := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(configFile, config, 0o600); err != nil {
		return nil, fmt.Errorf("write the configuration of Prometheus: %w", err)
	}
	port, err := c.ports.Next()
	if err != nil {
		return nil, err
	}
	url := loopbackURL("http", port)
	p, err := c.group.Run(ctx, process.Spec{
		Name: string(Prometheus),
		Path: c.binaries[Prometheus],
		Args: []string{
			"--config.file=" + configFile,
			"--storage.tsdb.path=" + filepath.Join(dir, "data"),
			"--storage.tsdb.retention.time=" + model.Duration(orDefault(opts.Retention, 24*time.Hour)).String(),
			"--web.listen-address=" + net.JoinHostPort("127.0.0.1", strconv.Itoa(port)),
		},
		Ready: answers(http.DefaultClient, url+"/-/ready"),
	})
	if err != nil {
		return nil, err
	}
	return &PrometheusServer{Process: p, url: url}, nil
}

// The parts of prometheus.yml that are needed here.
type (
	prometheusConfig struct {
		Global        prometheusGlobal   `json:"global"`
		ScrapeConfigs []prometheusScrape `json:"scrape_configs,omitempty"`
	}
	prometheusGlobal struct {
		ScrapeInterval string `json:"scrape_interval"`
		ScrapeTimeout  string `json:"scrape_timeout"`
	}
	prometheusScrape struct {
		JobName       string             `json:"job_name"`
		MetricsPath   string             `json:"metrics_path,omitempty"`
		StaticConfigs []prometheusStatic `json:"static_configs"`
	}
	prometheusStatic struct {
		Targets []string `json:"targets"`
	}
)

// render returns the configuration file.
func (o PrometheusOptions) render() ([]byte, error) {
	if len(o.Config) > 0 {
		return o.Config, nil
	}
	interval := model.Duration(orDefault(o.ScrapeInterval, 2*time.Second)).String()
	config := prometheusConfig{Global: prometheusGlobal{ScrapeInterval: interval, ScrapeTimeout: interval}}
	for _, job := range o.Jobs {
		config.ScrapeConfigs = append(config.ScrapeConfigs, prometheusScrape{
			JobName:       job.Name,
			MetricsPath:   job.Path,
			StaticConfigs: []prometheusStatic{{Targets: job.Targets}},
		})
	}
	text, err := yaml.Marshal(config)
	if err != nil {
		return nil, fmt.Errorf("render the configuration of Prometheus: %w", err)
	}
	return text, nil
}
