package features

import (
	"fmt"
	"math"
	"slices"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
)

// Anchor names the reference of labels and outputs.
type Anchor string

const (
	// AnchorLevel measures from the mean of the training part.
	AnchorLevel Anchor = "level"
	// AnchorChange measures from the last value of the target in the window, so
	// an output of 0 means no change. It needs the target among the features.
	AnchorChange Anchor = "change"
	// AnchorDemand measures from the replicas that are enough for the last known
	// demand in the window. An output of 0 means as much work as now: see
	// [demand.Sizing.Present]. It needs replicas and cpu among the features.
	AnchorDemand Anchor = "demand"
	// AnchorAnalytic measures from [estimator.Analytic] at the last step of the window, so
	// an output of 0 is the analytic forecast. It needs that feature, and says nothing
	// where there is none.
	AnchorAnalytic Anchor = "analytic"
)

// Anchors returns all anchors.
func Anchors() []Anchor { return []Anchor{AnchorLevel, AnchorChange, AnchorDemand, AnchorAnalytic} }

// Validate reports an unknown anchor, and one that the features do not show.
func (a Anchor) Validate(target estimator.Feature, features []estimator.Feature) error {
	switch a {
	case AnchorLevel:
	case AnchorChange:
		if !slices.Contains(features, target) {
			return fmt.Errorf("anchor %q needs the target %q among the features, which are %q", a, target, features)
		}
	case AnchorAnalytic:
		if !slices.Contains(features, estimator.Analytic) {
			return fmt.Errorf("anchor %q needs the feature %q, which the features %q lack", a, estimator.Analytic, features)
		}
	case AnchorDemand:
		for _, f := range []estimator.Feature{estimator.Replicas, estimator.CPU} {
			if !slices.Contains(features, f) {
				return fmt.Errorf("anchor %q needs %q among the features, which are %q: demand follows from replicas and cpu", a, f, features)
			}
		}
	default:
		return fmt.Errorf("anchor is %q, want one of %q", a, Anchors())
	}
	return nil
}

// seen finds anchors in windows.
type seen struct {
	// value is the channel of the target, of replicas or of the analytic forecast; -1
	// without an anchor.
	value int
	// latest is true if only the last step of a window counts.
	latest bool
	// cpu and sizings are for [AnchorDemand]; sizings are nil with other anchors.
	cpu     int
	sizings []demand.Sizing
}

// of returns the anchor of service n if the given row of C samples is the last
// step; NaN if the row does not show it.
func (s *seen) of(n int, row []float64) float64 {
	switch {
	case s.value < 0:
		return math.NaN()
	case s.sizings != nil:
		return s.sizings[n].Present(row[s.value], row[s.cpu])
	}
	return row[s.value]
}
