package telemetry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"text/template"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"golang.org/x/sync/errgroup"

	"github.com/deepscaler/deepscaler/estimator"
)

// maxSteps is the number of points per series above which Prometheus refuses a
// range query.
const maxSteps = 11000

// Source reads windows of one shape. It is safe for concurrent use.
type Source struct {
	features   []estimator.Feature
	steps      int
	step       time.Duration
	rateWindow time.Duration
	queries    map[string]*template.Template

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
	server, err := newEndpoint("deepscaler_prometheus", cfg.Prometheus.URL, cfg.Prometheus.HTTP, cfg.Prometheus.MaxResponseBytes)
	if err != nil {
		return nil, fmt.Errorf("prometheus: %w", err)
	}
	var traces *jaeger
	if cfg.Jaeger.URL != "" {
		if traces, err = newJaeger(cfg.Jaeger); err != nil {
			return nil, fmt.Errorf("jaeger: %w", err)
		}
	}
	return &Source{
		features:   slices.Clone(features),
		steps:      steps,
		step:       step,
		rateWindow: cfg.RateWindow,
		queries:    queries,
		server:     server,
		prometheus: v1.NewAPI(server),
		timeout:    cfg.Prometheus.Timeout,
		jaeger:     traces,
	}, nil
}

// Close closes idle connections. The source remains usable.
func (s *Source) Close() {
	s.server.client.CloseIdleConnections()
	if s.jaeger != nil {
		s.jaeger.server.client.CloseIdleConnections()
	}
}

// Window reads the window of the given services that ends at end, or at the
// last multiple of Δ since the Unix epoch before it: replicas of the adapter
// that ask at slightly different times get the same columns. The rows are in
// the order of [estimator.Service.Compare].
//
// It fails when a query for a feature fails or returns series that break its
// contract, and, with [ErrNoData] or [ErrStale], when no service at all has
// replicas, cpu or requests, or none at the end of the window. What it can do
// without becomes a warning: another feature without data, an invocation graph
// that is partly or wholly unknown (then Calls is nil), and whatever Prometheus
// itself warns of.
//
// The call lasts as long as the slowest query, at most the configured timeout,
// and ends at the deadline of ctx.
func (s *Source) Window(ctx context.Context, services []estimator.Service, end time.Time) (*estimator.Window, []Warning, error) {
	if len(services) == 0 {
		return nil, nil, errors.New("no services to read telemetry of")
	}
	services = slices.Clone(services)
	slices.SortFunc(services, estimator.Service.Compare)
	rows := make(map[estimator.Service]int, len(services))
	for i, service := range services {
		if _, ok := rows[service]; ok {
			return nil, nil, fmt.Errorf("service %s occurs twice", service)
		}
		rows[service] = i
	}

	end = align(end, s.step)
	w := estimator.NewWindow(services, s.features, s.steps, s.step, end)
	query := newQuery(services, s.rateWindow, s.step, time.Duration(s.steps)*s.step)

	g, ctx := errgroup.WithContext(ctx)
	warnings := make([][]Warning, len(s.features)+1)
	for c := range s.features {
		g.Go(func() (err error) {
			warnings[c], err = s.readFeature(ctx, w, c, rows, query)
			return err
		})
	}
	g.Go(func() error {
		w.Calls, warnings[len(s.features)] = s.readCalls(ctx, rows, query, end)
		return nil
	})
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	return w, dropExpected(slices.Concat(warnings...), w), nil
}

// align uses Unix time because that is what PromQL backends which align ranges
// themselves use.
func align(t time.Time, step time.Duration) time.Time {
	ms := t.UnixMilli()
	return time.UnixMilli(ms - ms%step.Milliseconds()).UTC()
}
