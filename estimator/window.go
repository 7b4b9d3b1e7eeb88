package estimator

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Service names one node of the application graph: a workload (what an HPA
// scales) and the namespace it lives in.
type Service struct {
	Namespace string
	Name      string
}

// String returns "namespace/name".
func (s Service) String() string { return s.Namespace + "/" + s.Name }

// Compare orders services by namespace, then name. It is the order of the rows
// of every [Window] the telemetry package returns.
func (s Service) Compare(o Service) int {
	if s.Namespace != o.Namespace {
		if s.Namespace < o.Namespace {
			return -1
		}
		return 1
	}
	switch {
	case s.Name < o.Name:
		return -1
	case s.Name > o.Name:
		return 1
	}
	return 0
}

// Feature names one performance indicator of a service (paper, Table I).
type Feature string

// The default features, in the default channel order.
const (
	// Replicas is the number of ready pods.
	Replicas Feature = "replicas"
	// CPU is CPU time used divided by the CPU limit, summed over the pods of
	// the service; 1 means every replica is at its limit.
	CPU Feature = "cpu"
	// Latency is the mean response time in seconds of the requests answered
	// during the step, measured at the service. Missing when there were none.
	Latency Feature = "latency"
	// Requests is the number of requests answered per second.
	Requests Feature = "requests"
	// Memory is bytes used divided by the memory limit.
	Memory Feature = "memory"
)

// DefaultFeatures returns the five features of Table I in channel order.
func DefaultFeatures() []Feature {
	return []Feature{Replicas, CPU, Latency, Requests, Memory}
}

// Window is the recent telemetry of one application: N services, τ steps, C
// features (X_t of paper §III-A, with the time axis before the channels).
type Window struct {
	// Services are the rows, length N, in the order of [Service.Compare].
	Services []Service
	// Features are the channels, length C.
	Features []Feature
	// Step is the time between two columns (Δ); every value describes the Step
	// that ends at its column's time.
	Step time.Duration
	// Steps is τ, the number of columns.
	Steps int
	// End is the time of the last column; column t is at End-(Steps-1-t)·Step.
	End time.Time
	// Values holds N·τ·C numbers, row-major in (service, step, feature). NaN
	// marks a missing sample; no other non-finite value occurs.
	Values []float64
	// Calls is the invocation graph over the same services, or nil when it is
	// not known.
	Calls *CallGraph
}

// NewWindow returns a window with every sample missing.
func NewWindow(services []Service, features []Feature, steps int, step time.Duration, end time.Time) *Window {
	w := &Window{
		Services: services,
		Features: features,
		Step:     step,
		Steps:    steps,
		End:      end,
		Values:   make([]float64, len(services)*steps*len(features)),
	}
	for i := range w.Values {
		w.Values[i] = math.NaN()
	}
	return w
}

// Channel returns the index of feature f, or -1 when the window lacks it.
func (w *Window) Channel(f Feature) int { return slices.Index(w.Features, f) }

// At returns the sample of service n at step t in channel c; NaN when missing.
func (w *Window) At(n, t, c int) float64 { return w.Values[w.offset(n, t, c)] }

// Set stores the sample of service n at step t in channel c.
func (w *Window) Set(n, t, c int, v float64) { w.Values[w.offset(n, t, c)] = v }

// Time returns the time of column t.
func (w *Window) Time(t int) time.Time {
	return w.End.Add(-time.Duration(w.Steps-1-t) * w.Step)
}

// Validate reports a window whose parts do not fit together.
func (w *Window) Validate() error {
	switch {
	case len(w.Services) == 0:
		return fmt.Errorf("window has no services")
	case w.Steps <= 0:
		return fmt.Errorf("window has %d steps, want at least 1", w.Steps)
	case w.Step <= 0:
		return fmt.Errorf("window has step %v, want a positive one", w.Step)
	case len(w.Values) != len(w.Services)*w.Steps*len(w.Features):
		return fmt.Errorf("window of %d services, %d steps and %d features has %d values",
			len(w.Services), w.Steps, len(w.Features), len(w.Values))
	}
	for i, v := range w.Values {
		if math.IsInf(v, 0) {
			return fmt.Errorf("window value %d is %v; a missing sample is NaN", i, v)
		}
	}
	return w.Calls.validate(len(w.Services))
}

func (w *Window) offset(n, t, c int) int { return (n*w.Steps+t)*len(w.Features) + c }
