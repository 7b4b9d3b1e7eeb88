package samples

import (
	"fmt"
	"math"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/features"
)

// validateAnchor reports an anchor that does not fit the label or the features.
func (o Options) validateAnchor() error {
	observed, required := false, false
	switch label := o.Label.(type) {
	case Observed:
		observed = label.Feature == o.Target
	case Required:
		required = true
	}
	switch {
	case o.Anchor == features.AnchorChange && !observed:
		return fmt.Errorf("anchor %q needs the target %q itself as the label: the window must show what changes", o.Anchor, o.Target)
	case o.Anchor == features.AnchorAnalytic && !required:
		return fmt.Errorf("anchor %q needs the replicas that were required as the label: they are what it forecasts", o.Anchor)
	case o.Anchor == features.AnchorDemand && !required:
		return fmt.Errorf("anchor %q needs the replicas that were required as the label: they are what demand asks for", o.Anchor)
	case o.Anchor != features.AnchorDemand && len(o.Sizings) > 0:
		return fmt.Errorf("sizings have no effect on the anchor %q", o.Anchor)
	}
	return o.Anchor.Validate(o.Target, o.Features)
}

// makeLabels makes the labels, and from the same fit the sizings of the services,
// unless they are given or not needed.
func (d *Set) makeLabels() error {
	label, ok := d.options.Label.(Required)
	if !ok {
		labels, err := d.options.Label.Label(d.series, d.ranges[Train])
		d.labels, d.censored = labels.Values, labels.Censored
		return err
	}
	h, err := label.Look(d.series, d.ranges[Train])
	if err != nil {
		return err
	}
	labels := required(h, len(d.series.Services), d.series.Steps)
	if c := d.series.Channel(estimator.Present); c >= 0 {
		d.countPresent(labels, c)
	} else if d.options.Anchor == features.AnchorAnalytic {
		return fmt.Errorf("anchor %q: there is no feature %q; the features are %q", d.options.Anchor, estimator.Present, d.series.Features)
	}
	d.labels, d.censored = labels.Values, labels.Censored
	if d.options.Anchor == features.AnchorDemand && len(d.options.Sizings) == 0 {
		for _, r := range h.Fitted {
			d.options.Sizings = append(d.options.Sizings, r.Sizing())
		}
	}
	return nil
}

// countPresent makes labels [estimator.Present], the need as analytic forecasts count it,
// so that what is learned is the error of these and nothing else. Where
// saturation hides demand, hindsight decides what is at least needed.
func (d *Set) countPresent(labels Labels, channel int) {
	for i, atLeast := range labels.Values {
		labels.Values[i] = d.series.Values[i*len(d.series.Features)+channel]
		if labels.Censored[i] {
			labels.Values[i] = max(labels.Values[i], atLeast)
		}
		labels.Censored[i] = labels.Censored[i] && !math.IsNaN(labels.Values[i])
	}
}
