package telemetry

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"sync/atomic"
	"text/template"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"

	"github.com/deepscaler/deepscaler/estimator"
)

// maxSteps is the largest number of points per series that Prometheus allows in
// a range query.
const maxSteps = 11000

// Source reads windows of one shape. It is safe for concurrent use.
type Source struct {
	features   []estimator.Feature
	steps      int
	step       time.Duration
	rateWindow time.Duration
	// scrapeInterval is [Config.ScrapeInterval].
	scrapeInterval time.Duration
	// offset is the time by which windows end earlier than requested.
	offset time.Duration
	// matchers and containers are the selectors of queries.
	matchers, containers string
	// preset is its name, traffic its metrics.
	preset  string
	traffic traffic
	// limited is true if cpu is measured against limits where present.
	limited bool
	// native is set once latency comes from native histograms.
	native    atomic.Bool
	diagnoses diagnoses
	checks    checks
	lags      lags
	owners    owners
	queries   map[string]*template.Template

	server     *endpoint
	prometheus v1.API
	timeout    time.Duration
	jaeger     *jaeger // nil when there is none
}

// New returns a source of windows of τ = steps columns that are Δ = step apart.
// A feature outside the five of Table I needs a query in cfg.Queries.
func New(cfg Config, features []estimator.Feature, steps int, step time.Duration) (*Source, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	switch {
	case steps < 1 || steps > maxSteps:
		return nil, fmt.Errorf("steps is %d, want 1 to %d", steps, maxSteps)
	case step <= 0 || step%time.Millisecond != 0:
		return nil, fmt.Errorf("step is %v, want a positive number of whole milliseconds", step)
	case cfg.RateWindow < step:
		return nil, fmt.Errorf("rateWindow is %v, want at least the step of %v: what happens between two windows would be lost", cfg.RateWindow, step)
	case len(features) == 0:
		return nil, errors.New("no features to read")
	}

	queries, err := parseQueries(cfg, features)
	if err != nil {
		return nil, err
	}
	server, err := newEndpoint("prometheus", cfg.Prometheus.URL, cfg.Prometheus.HTTP,
		cfg.Prometheus.MaxResponseBytes, cfg.Prometheus.MaxConcurrentQueries)
	if err != nil {
		return nil, fmt.Errorf("prometheus: %w", err)
	}
	server.parameters = url.Values{}
	for name, value := range cfg.Prometheus.Parameters {
		server.parameters.Set(name, value)
	}
	var traces *jaeger
	if cfg.Jaeger.URL != "" {
		if traces, err = newJaeger(cfg.Jaeger); err != nil {
			return nil, fmt.Errorf("jaeger: %w", err)
		}
	}
	return &Source{
		features:       slices.Clone(features),
		steps:          steps,
		step:           step,
		rateWindow:     cfg.RateWindow,
		scrapeInterval: cfg.ScrapeInterval,
		offset:         cfg.Prometheus.Offset,
		matchers:       matchersOf(cfg.Prometheus.Matchers),
		containers:     containersOf(cfg.IgnoredContainers),
		preset:         cfg.Preset,
		traffic:        trafficOf[cfg.Preset],
		limited:        cfg.Queries[string(estimator.CPU)] == "" && cfg.Preset != PresetIstioResourceRequests,
		diagnoses:      diagnoses{known: map[string]diagnosis{}},
		checks:         checks{known: map[string]checked{}},
		owners:         owners{known: map[string]owned{}},
		lags:           lags{known: map[string]lag{}},
		queries:        queries,
		server:         server,
		prometheus:     v1.NewAPI(server),
		timeout:        cfg.Prometheus.Timeout,
		jaeger:         traces,
	}, nil
}

// Close closes idle connections. The source remains usable.
func (s *Source) Close() {
	s.server.client.CloseIdleConnections()
	if s.jaeger != nil {
		s.jaeger.server.client.CloseIdleConnections()
	}
}
