package telemetry

import "errors"

// ErrNoData is wrapped when a query succeeds but says nothing about any of the
// services. Telemetry that is absent must not be taken for an idle application.
var ErrNoData = errors.New("no data")

// ErrStale is wrapped when no service has a sample at the end of the window:
// Prometheus has stopped scraping, lags behind, or its clock and the caller's
// differ.
var ErrStale = errors.New("telemetry is stale")

// Warning is something wrong with telemetry that a window can do without.
type Warning struct {
	// Source is the feature, [CallsQuery] or "jaeger".
	Source string
	// Err says what is wrong.
	Err error
}

// String returns the source and what is wrong with it.
func (w Warning) String() string { return w.Source + ": " + w.Err.Error() }
