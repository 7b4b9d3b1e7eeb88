package sidecar

import (
	"context"
	"time"

	"github.com/deepscaler/deepscaler/estimator/exchange"
)

// beat writes the metrics for the adapter, which serves them, and for the liveness probe,
// which looks at their age; see [exchange.Dir.Alive].
func (s *Sidecar) beat(ctx context.Context, now time.Time) {
	if now.Sub(s.beaten) < exchange.Beat {
		return
	}
	s.beaten = now
	if err := s.o.Metrics.write(s.o.Exchange.Metrics()); err != nil {
		s.o.Log.ErrorContext(ctx, "The metrics cannot be written", "err", err)
	}
}
