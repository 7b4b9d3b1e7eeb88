package hpagenerator

import (
	"context"
	"fmt"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/telemetry"
)

const (
	// finest is the time between two samples of a history, unless it is long.
	finest = 5 * time.Minute
	// longest is the number of samples of a history: a week of the finest.
	longest = 2016
	// maxBytes bounds an answer; a service takes about 50 kB.
	maxBytes = 64 << 20
)

// History has the numbers of ready replicas that services had.
type History interface {
	// Replicas returns the samples of each service, NaN where one is missing.
	Replicas(ctx context.Context, services []estimator.Service) (map[estimator.Service][]float64, error)
}

// Prometheus is a history in Prometheus.
type Prometheus struct {
	source *telemetry.Source
	steps  int
	now    func() time.Time
}

// NewPrometheus returns the history of the time span that ends now.
func NewPrometheus(c telemetry.Config, span time.Duration, now func() time.Time) (*Prometheus, error) {
	if span < finest*leastSamples {
		return nil, fmt.Errorf("the history is %v, want at least %v", span, finest*leastSamples)
	}
	step := max(finest, (span / longest).Round(time.Second))
	// A sample counts until the next one.
	c.RateWindow = max(c.RateWindow, step)
	c.Prometheus.MaxResponseBytes = max(c.Prometheus.MaxResponseBytes, maxBytes)
	steps := int(span / step)
	source, err := telemetry.New(c, []estimator.Feature{estimator.Replicas}, steps, step)
	if err != nil {
		return nil, fmt.Errorf("telemetry: %w", err)
	}
	return &Prometheus{source: source, steps: steps, now: now}, nil
}

// Replicas implements [History]. Services without samples are absent.
func (p *Prometheus) Replicas(ctx context.Context, services []estimator.Service) (map[estimator.Service][]float64, error) {
	defer p.source.Close()
	w, findings, err := p.source.Read(ctx, telemetry.Range{Services: services, End: p.now(), Steps: p.steps})
	if err != nil {
		return nil, fmt.Errorf("read the history of replicas: %s", telemetry.Explain(err))
	}
	for _, f := range findings {
		// Few of the replicas would look like all of them.
		if f.Kind == telemetry.Partial {
			return nil, fmt.Errorf("read the history of replicas: %s", f.Explain())
		}
	}
	history := make(map[estimator.Service][]float64, len(w.Services))
	for n, s := range w.Services {
		for t := range w.Steps {
			history[s] = append(history[s], w.At(n, t, 0))
		}
	}
	return history, nil
}
