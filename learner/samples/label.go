package samples

import (
	"fmt"
	"math"

	"github.com/deepscaler/deepscaler/estimator"
)

// Labeller finds the truth for every service at every step.
type Labeller interface {
	// Label labels every step of s. It fits only on the steps of train; otherwise
	// the label of a step does not depend on later steps.
	Label(s *estimator.Window, train estimator.Range) (Labels, error)
}

// Labels are T·N of them, row-major in (step, service).
type Labels struct {
	// Values are NaN where unknown: such a label is masked, never invented.
	Values []float64
	// Censored marks lower bounds: the truth may be higher. Nil when there are
	// none.
	Censored []bool
}

// Observed labels a step with the value that a feature had at it. With replicas
// as the feature this is the label of the paper (§III-A), which teaches the
// network to imitate the autoscaler whose decisions were logged.
type Observed struct {
	Feature estimator.Feature
}

// Label implements [Labeller].
func (o Observed) Label(s *estimator.Window, _ estimator.Range) (Labels, error) {
	c, err := column(s, o.Feature)
	if err != nil {
		return Labels{}, err
	}
	labels := make([]float64, s.Steps*len(s.Services))
	for i := range labels {
		labels[i] = s.Values[i*len(s.Features)+c]
	}
	return Labels{Values: labels}, nil
}

// column returns the index of the feature. The error for a missing one names the
// others.
func column(w *estimator.Window, f estimator.Feature) (int, error) {
	if c := w.Channel(f); c >= 0 {
		return c, nil
	}
	return 0, fmt.Errorf("there is no feature %q; the features are %q", f, w.Features)
}

// checkLabels reports invalid labels, and a training part without labels.
func checkLabels(labels []float64, s *estimator.Window, train estimator.Range) error {
	n := len(s.Services)
	if len(labels) != s.Steps*n {
		return fmt.Errorf("%d labels for %d steps of %d services", len(labels), s.Steps, n)
	}
	known := false
	for i, v := range labels {
		if math.IsInf(v, 0) {
			return fmt.Errorf("the label of service %q at step %d is %v, want NaN where there is none", s.Services[i%n], i/n, v)
		}
		known = known || i/n < train.To && !math.IsNaN(v)
	}
	if !known {
		return fmt.Errorf("none of the %d steps of the training part has a label", train.Len())
	}
	return nil
}
