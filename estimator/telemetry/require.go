package telemetry

import (
	"slices"

	"github.com/deepscaler/deepscaler/estimator"
)

// Require returns the harmless problems of w, or an error if w is no basis for decisions. It is
// none where replicas, cpu or requests have no data, no data at the end of the window, or
// partial data. Missing data of another feature is a warning, and so is a partly or wholly
// unknown invocation graph.
//
// Unknown latency is expected without answered requests.
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
