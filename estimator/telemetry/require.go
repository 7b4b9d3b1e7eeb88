package telemetry

import (
	"slices"

	"github.com/deepscaler/deepscaler/estimator"
)

// Require returns what can be wrong with w without harm, or an error when
// nothing should be decided by it: when replicas, cpu or requests are known of
// no service, or of none at the end of the window, or only in part. Another
// feature without data is a warning, as is an invocation graph that is partly or
// wholly unknown.
//
// That latency is unknown is expected where no request was answered.
func Require(w *estimator.Window, findings []*Error) (warnings []*Error, err error) {
	for _, e := range findings {
		if required(e.Feature) && (e.Kind == NoData || e.Kind == Stale || e.Kind == Partial) {
			return nil, e
		}
	}
	quiet := !answered(w)
	return slices.DeleteFunc(slices.Clone(findings), func(e *Error) bool {
		return e.Feature == string(estimator.Latency) && (e.Kind == Stale || e.Kind == NoData && quiet)
	}), nil
}

// answered reports whether any request was answered during w.
func answered(w *estimator.Window) bool {
	c := w.Channel(estimator.Requests)
	if c < 0 {
		return true
	}
	for n := range w.Services {
		for t := range w.Steps {
			if w.At(n, t, c) > 0 {
				return true
			}
		}
	}
	return false
}
