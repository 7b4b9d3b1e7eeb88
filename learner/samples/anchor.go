package samples

import (
	"fmt"
	"math"
	"slices"

	"github.com/deepscaler/deepscaler/estimator"
)

// Anchor says what a label is measured from.
type Anchor string

const (
	// AnchorLevel measures from the mean of the training part.
	AnchorLevel Anchor = "level"
	// AnchorChange measures from the last value of the target in the window, so
	// that a network which says nothing says "as it is". It needs the target
	// among the features, and it as the label ([Observed]).
	AnchorChange Anchor = "change"
	// AnchorDemand measures from the replicas that are enough for the demand at
	// the last step of the window at which it is known, so that a network which
	// says nothing says "as much work as now": see [demand.Sizing.Present]. It
	// needs replicas and cpu among the features, and [Required] as the label.
	AnchorDemand Anchor = "demand"
)

// Anchors returns all anchors.
func Anchors() []Anchor { return []Anchor{AnchorLevel, AnchorChange, AnchorDemand} }

// validateAnchor reports an anchor that the label or the features do not allow.
func (o Options) validateAnchor(services int) error {
	switch o.Anchor {
	case AnchorLevel:
	case AnchorChange:
		if label, ok := o.Label.(Observed); !ok || label.Feature != o.Target {
			return fmt.Errorf("anchor %q needs the target %q itself as the label: what changes must be seen in the window", o.Anchor, o.Target)
		}
		if !slices.Contains(o.Features, o.Target) {
			return fmt.Errorf("anchor %q needs the target %q among the features, which are %q", o.Anchor, o.Target, o.Features)
		}
	case AnchorDemand:
		if _, ok := o.Label.(Required); !ok {
			return fmt.Errorf("anchor %q needs the replicas that were required as the label: they are what demand asks for", o.Anchor)
		}
		for _, f := range []estimator.Feature{estimator.Replicas, estimator.CPU} {
			if !slices.Contains(o.Features, f) {
				return fmt.Errorf("anchor %q needs %q among the features, which are %q: demand is seen by replicas and cpu", o.Anchor, f, o.Features)
			}
		}
	default:
		return fmt.Errorf("anchor is %q, want one of %q", o.Anchor, Anchors())
	}
	return o.validateSizings(services)
}

func (o Options) validateSizings(services int) error {
	switch {
	case len(o.Sizings) == 0:
		return nil
	case o.Anchor != AnchorDemand:
		return fmt.Errorf("sizings have no effect on the anchor %q", o.Anchor)
	case len(o.Sizings) != services:
		return fmt.Errorf("there are %d sizings for %d services", len(o.Sizings), services)
	}
	for n, s := range o.Sizings {
		if err := s.Validate(); err != nil {
			return fmt.Errorf("sizing of service %d: %w", n, err)
		}
	}
	return nil
}

// makeLabels makes the labels, and from the same fit the sizings of the services,
// unless they are given or not needed.
func (d *Set) makeLabels() error {
	required, ok := d.options.Label.(Required)
	if !ok || d.options.Anchor != AnchorDemand || len(d.options.Sizings) > 0 {
		labels, err := d.options.Label.Label(d.series, d.ranges[Train])
		d.labels, d.censored = labels.Values, labels.Censored
		return err
	}
	labels, fitted, err := required.labels(d.series, d.ranges[Train])
	if err != nil {
		return err
	}
	d.labels, d.censored = labels.Values, labels.Censored
	for _, r := range fitted {
		d.options.Sizings = append(d.options.Sizings, r.Sizing())
	}
	return nil
}

// measuredFrom returns for every step and service what the labels of a window
// that ends there are measured from, as [steps][service]; nil when it is their
// mean.
func (d *Set) measuredFrom() ([]float64, error) {
	var seen []float64
	switch d.options.Anchor {
	case AnchorChange:
		seen = d.labels
	case AnchorDemand:
		var err error
		if seen, err = d.demanded(); err != nil {
			return nil, err
		}
	default:
		return nil, nil
	}
	return carried(seen, len(d.series.Services), d.options.Window-1, d.labelScaler.Mean), nil
}

// demanded returns the replicas that are enough for the demand at every step, as
// [steps][service], NaN where that is not known.
func (d *Set) demanded() ([]float64, error) {
	replicas, err := column(d.series, estimator.Replicas)
	if err != nil {
		return nil, err
	}
	cpu, err := column(d.series, estimator.CPU)
	if err != nil {
		return nil, err
	}
	services := len(d.series.Services)
	out := make([]float64, len(d.labels))
	for i := range out {
		t, n := i/services, i%services
		out[i] = d.options.Sizings[n].Present(d.series.At(n, t, replicas), d.series.At(n, t, cpu))
	}
	return out, nil
}

// carried returns, for every step and service, the last value up to there that
// is known, if that is at most limit steps old, else the fallback of the
// service.
func carried(values []float64, services, limit int, fallback []float64) []float64 {
	out := slices.Clone(values)
	age := make([]int, services)
	for n := range age {
		age[n] = math.MaxInt
	}
	for i, v := range values {
		n := i % services
		switch {
		case !math.IsNaN(v):
			age[n] = 0
		case age[n] < limit:
			age[n]++
			out[i] = out[i-services]
		default:
			age[n] = math.MaxInt
			out[i] = fallback[n]
		}
	}
	return out
}
