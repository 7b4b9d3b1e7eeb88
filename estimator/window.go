package estimator

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Feature names one performance indicator of a service (paper, Table I).
type Feature string

// The default features, in the default channel order.
const (
	// Replicas is the number of ready pods.
	Replicas Feature = "replicas"
	// CPU is CPU time used divided by the CPU limit, in the mean over the pods
	// of the service; 1 means every replica is at its limit.
	CPU Feature = "cpu"
	// Latency is the mean response time in seconds of the requests answered
	// during the step, measured at the service. Missing when there were none.
	Latency Feature = "latency"
	// Requests is the number of requests answered per second.
	Requests Feature = "requests"
	// Memory is bytes used divided by the memory limit.
	Memory Feature = "memory"
	// Analytic is derived, not read: the largest need within the lead time that
	// queueing theory forecasts from the steps up to this one, in fractional
	// replicas. Package queueing adds it to windows.
	Analytic Feature = "analytic"
	// Present is derived as well: what the requests of this step need, in fractional
	// replicas, counted as [Analytic] is. A network learns it, and does not see it.
	Present Feature = "present"
	// Vouched is derived as well: the share of the load of a service that a believed season
	// expects, from 0 to 1. No network sees it: corrections fade where it is high.
	Vouched Feature = "vouched"

	// seasonal begins the names of [Seasonal].
	seasonal = "season+"
)

// Seasonal is derived: the change of requests per second over so many steps that the season of
// the model expects. It counts as far as the season is to be believed, and is 0 where it is
// not. Package season adds it to windows.
func Seasonal(ahead int) Feature { return Feature(seasonal + strconv.Itoa(ahead)) }

// SeasonAhead returns how many steps ahead [Seasonal] the feature is; 0 for any other.
func (f Feature) SeasonAhead() int {
	text, ok := strings.CutPrefix(string(f), seasonal)
	ahead, err := strconv.Atoi(text)
	if !ok || err != nil || ahead < 1 || Seasonal(ahead) != f {
		return 0
	}
	return ahead
}

// DefaultFeatures returns the five features of Table I in channel order.
func DefaultFeatures() []Feature {
	return []Feature{Replicas, CPU, Latency, Requests, Memory}
}

// Features returns features by their names.
func Features(names []string) []Feature {
	features := make([]Feature, len(names))
	for i, name := range names {
		features[i] = Feature(name)
	}
	return features
}

// FeatureNames returns the names of features.
func FeatureNames(features []Feature) []string {
	names := make([]string, len(features))
	for i, f := range features {
		names[i] = string(f)
	}
	return names
}

// Window is the telemetry of one application: N services, τ steps, C features
// (X_t of paper §III-A, with the time axis first). It is a few steps long for an
// estimate, and days long as a recorded history.
type Window struct {
	// Services are the nodes, length N, in the order of [Service.Compare].
	Services []Service
	// Features are the channels, length C.
	Features []Feature
	// Step is the time between two steps (Δ); every value describes the Step
	// that ends at its own time.
	Step time.Duration
	// Steps is τ, the number of steps.
	Steps int
	// End is the time of the last step; step t is at End-(Steps-1-t)·Step.
	End time.Time
	// Values holds τ·N·C numbers, row-major in (step, service, feature), the
	// order in which telemetry grows and networks read. NaN marks a missing
	// sample; no other non-finite value occurs.
	Values []float64
	// Calls is the invocation graph over the same services, or nil if unknown.
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

// Service returns the index of service s, or -1 when the window lacks it.
func (w *Window) Service(s Service) int { return slices.Index(w.Services, s) }

// At returns the sample of service n at step t in channel c; NaN when missing.
func (w *Window) At(n, t, c int) float64 { return w.Values[w.offset(n, t, c)] }

// Set stores the sample of service n at step t in channel c.
func (w *Window) Set(n, t, c int, v float64) { w.Values[w.offset(n, t, c)] = v }

// Row returns the C samples of service n at step t. It shares memory with w.
func (w *Window) Row(n, t int) []float64 {
	from := w.offset(n, t, 0)
	return w.Values[from : from+len(w.Features) : from+len(w.Features)]
}

// Time returns the time of step t.
func (w *Window) Time(t int) time.Time {
	return w.End.Add(-time.Duration(w.Steps-1-t) * w.Step)
}

// Start returns the time of the first step.
func (w *Window) Start() time.Time { return w.Time(0) }

// Range is the steps from From to To, excluding To.
type Range struct{ From, To int }

// Len returns the number of steps in the range.
func (r Range) Len() int { return r.To - r.From }

// Slice returns the steps in r as a window of their own, with the same graph. It
// shares memory with w.
func (w *Window) Slice(r Range) *Window {
	width := len(w.Services) * len(w.Features)
	part := *w
	part.Steps, part.End = r.Len(), w.Time(r.To-1)
	part.Values = w.Values[r.From*width : r.To*width : r.To*width]
	return &part
}

// Select returns the window with only the given features, in their order. It is w
// itself if it already has exactly these. A feature that w lacks, or that is
// given twice, is an error.
func (w *Window) Select(features []Feature) (*Window, error) {
	if slices.Equal(features, w.Features) {
		return w, nil
	}
	channels := make([]int, len(features))
	for i, f := range features {
		if slices.Contains(features[:i], f) {
			return nil, fmt.Errorf("feature %q is requested twice", f)
		}
		if channels[i] = w.Channel(f); channels[i] < 0 {
			return nil, fmt.Errorf("there is no feature %q; the features are %q", f, w.Features)
		}
	}
	out := *w
	out.Features = slices.Clone(features)
	out.Values = make([]float64, 0, w.Steps*len(w.Services)*len(features))
	for row := range slices.Chunk(w.Values, len(w.Features)) {
		for _, c := range channels {
			out.Values = append(out.Values, row[c])
		}
	}
	return &out, nil
}

// Validate reports a window whose parts do not fit together.
func (w *Window) Validate() error {
	switch {
	case len(w.Services) == 0:
		return errors.New("window has no services")
	case len(w.Features) == 0:
		return errors.New("window has no features")
	case w.Steps <= 0:
		return fmt.Errorf("window has %d steps, want at least 1", w.Steps)
	case w.Step <= 0:
		return fmt.Errorf("window has step %v, want a positive one", w.Step)
	case len(w.Values) != len(w.Services)*w.Steps*len(w.Features):
		return fmt.Errorf("window of %d services, %d steps and %d features has %d values",
			len(w.Services), w.Steps, len(w.Features), len(w.Values))
	}
	for i, f := range w.Features {
		if slices.Contains(w.Features[:i], f) {
			return fmt.Errorf("window has feature %q twice", f)
		}
	}
	for i, v := range w.Values {
		if math.IsInf(v, 0) {
			row := i / len(w.Features)
			return fmt.Errorf("sample of %s of service %q at step %d is %v; a missing one is NaN",
				w.Features[i%len(w.Features)], w.Services[row%len(w.Services)], row/len(w.Services), v)
		}
	}
	return w.Calls.validate(len(w.Services))
}

func (w *Window) offset(n, t, c int) int { return (t*len(w.Services)+n)*len(w.Features) + c }
