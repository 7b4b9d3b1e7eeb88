package queueing

import (
	"math"
	"slices"
	"time"

	"github.com/deepscaler/deepscaler/estimator/demand"
)

const (
	// clearly is how many standard deviations a load must rise in a step, and steep by what
	// share of it, to be a ramp. Dozens of windows an hour are looked at.
	clearly, steep = 4, 0.1
	// familiar is for how long a load is known: autoscalers keep the replicas for the highest
	// of it. A load that was as high within that time needs none in advance.
	familiar = 5 * time.Minute
)

// rising is a rise of the load of an application that has begun.
type rising struct {
	// share is the rise in the newest step as a share of the load before.
	share float64
	// more is how far the load may go on rising until the ends of the coming steps, as multiples
	// of the rise in the newest.
	more []float64
}

// ramp returns the one that the newest step shows, if the load has risen clearly above all that is
// familiar. It is nil otherwise, and while a queue is worked off, since the answers are no rise then.
//
// The first step that shows a rise shows a part of it. A ramp that began with the step has
// risen by twice the rise of its mean at the end, and goes on at that slope; one that began
// later is steeper. From the second step on the slope is the rise of the mean. As behind a
// saturated service, no more than [onsetGrowth] times the least load of the lead time is expected.
func (t *arrivals) ramp(horizon int) *rising {
	load, last := t.load, len(t.load)-1
	if last < minSamples {
		return nil
	}
	rises := func(k int) bool {
		chance := math.Sqrt2 * variation{1, t.step.Seconds()}.deviation((load[k]+load[k-1])/2)
		return load[k]-load[k-1] > max(clearly*chance, steep*load[k-1])
	}
	if !rises(last) {
		return nil
	}
	now, rise := load[last], load[last]-load[last-1]
	first, slope, begun := last, 2*rise, rise // begun is how far the newest mean is behind
	if rises(last - 1) {
		first, slope, begun = last-1, rise, rise/2
	}
	lately := load[max(0, last-int(familiar/t.step)):first]
	if !(now > (1+steep)*slices.Max(lately)) || t.queued(horizon) { // NaN before each entry has a sample
		return nil
	}
	most := onsetGrowth*slices.Min(load[max(0, last-horizon):]) - now
	out := &rising{share: rise / load[last-1], more: make([]float64, horizon)}
	for h := range out.more {
		out.more[h] = max(0, min(begun+slope*float64(h+1), most)) / rise
	}
	return out
}

// climb raises the rates from outside every entry to those at a step of a ramp. Users share the
// entries, so each has part in it, unless its own rise is certainly another. A season that vouches
// for a share of the rates expects no more than it announced.
func (t *arrivals) climb(rates []float64, r *rising, step int, vouched []float64) {
	for i, came := range t.outside {
		last := len(came) - 1
		if last < 1 || !known(came[last]) {
			continue
		}
		before := last - 1
		for before > 0 && !known(came[before]) {
			before--
		}
		now, rise := came[last], r.share*came[before]
		if own := now - came[before]; math.Abs(own-rise) > certainty*math.Sqrt2*t.entries[i].deviation(now) {
			rise = own
		}
		if more := min(onsetGrowth*came[before]-now, r.more[step]*rise); more > 0 {
			rates[i] = max(rates[i], now+(1-vouched[i])*more)
		}
	}
}

// queued reports whether requests queued up at an entry within so many steps before the newest.
func (t *arrivals) queued(within int) bool {
	for i, rates := range t.outside {
		if rates == nil {
			continue
		}
		before := len(rates) - 1
		_, shown := demand.Arrivals(rates[:before], t.latency[i][:before], t.step.Seconds())
		if slices.Max(shown[max(0, before-within):]) != demand.Whole {
			return true
		}
	}
	return false
}
