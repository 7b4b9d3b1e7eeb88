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
	if ok && d.options.Anchor == features.AnchorAnalytic {
		return d.countPresent(label)
	}
	if !ok || d.options.Anchor != features.AnchorDemand || len(d.options.Sizings) > 0 {
		labels, err := d.options.Label.Label(d.series, d.ranges[Train])
		d.labels, d.censored = labels.Values, labels.Censored
		return err
	}
	h, err := label.Look(d.series, d.ranges[Train])
	if err != nil {
		return err
	}
	labels := required(h, len(d.series.Services), d.series.Steps)
	d.labels, d.censored = labels.Values, labels.Censored
	for _, r := range h.Fitted {
		d.options.Sizings = append(d.options.Sizings, r.Sizing())
	}
	return nil
}

// countPresent labels steps with [estimator.Present], the need as the anchor counts it,
// so that what is learned is the error of its forecast and nothing else. Where
// saturation hides demand, hindsight decides what is at least needed.
func (d *Set) countPresent(label Required) error {
	c, err := column(d.series, estimator.Present)
	if err != nil {
		return fmt.Errorf("anchor %q: %w", d.options.Anchor, err)
	}
	labels, err := label.Label(d.series, d.ranges[Train])
	if err != nil {
		return err
	}
	for i, atLeast := range labels.Values {
		labels.Values[i] = d.series.Values[i*len(d.series.Features)+c]
		if labels.Censored[i] {
			labels.Values[i] = max(labels.Values[i], atLeast)
		}
		labels.Censored[i] = labels.Censored[i] && !math.IsNaN(labels.Values[i])
	}
	d.labels, d.censored = labels.Values, labels.Censored
	return nil
}
