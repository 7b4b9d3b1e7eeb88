package modelstore

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// offer is a published model without its content.
type offer struct {
	// name is the name of the object or file.
	name        string
	application string
	hash        string
	// from are the ends of the steps from which it serves.
	from   []time.Time
	pinned bool
}

// latest returns the last time from which the offer serves that is not after t.
func (o offer) latest(t time.Time) (time.Time, bool) {
	var last time.Time
	found := false
	for _, f := range o.from {
		if !f.After(t) && (!found || f.After(last)) {
			last, found = f, true
		}
	}
	return last, found
}

// newest returns the last time from which the offer serves, the zero time without any.
func (o offer) newest() time.Time {
	if len(o.from) == 0 {
		return time.Time{}
	}
	return slices.MaxFunc(o.from, time.Time.Compare)
}

// none as a pin means that no model serves.
const none = "none"

// preferred returns the offers of one application that may serve at the step that
// ends at t, the best first. With a pin, it returns those with that hash,
// independent of their start.
func preferred(offers []offer, pin string, t time.Time) []offer {
	var able []offer
	for _, o := range offers {
		if pin != "" {
			if strings.HasPrefix(o.hash, pin) {
				able = append(able, o)
			}
		} else if _, ok := o.latest(t); ok {
			able = append(able, o)
		}
	}
	slices.SortFunc(able, func(a, b offer) int {
		x, _ := a.latest(t)
		y, _ := b.latest(t)
		return cmp.Or(y.Compare(x), cmp.Compare(a.hash, b.hash), cmp.Compare(a.name, b.name))
	})
	return able
}

// changes returns the times at or after t at which another offer may begin to
// serve, in order and without repetition; t itself is the first.
func changes(offers []offer, t time.Time) []time.Time {
	times := []time.Time{t}
	for _, o := range offers {
		for _, f := range o.from {
			if f.After(t) {
				times = append(times, f)
			}
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	return slices.CompactFunc(times, time.Time.Equal)
}

// start returns a serve-from for a publication at now: at least two whole steps
// ahead and after every other.
func start(offers []offer, now time.Time, step time.Duration) time.Time {
	from := align(now, step).Add(3 * step)
	for _, o := range offers {
		if n := o.newest(); !n.Before(from) {
			from = n.Add(step)
		}
	}
	return from
}

// align returns the last end of a step that is not after t: a multiple of step since
// the epoch, as ticks have it.
func align(t time.Time, step time.Duration) time.Time {
	ns := t.UnixNano()
	return time.Unix(0, ns-ns%step.Nanoseconds())
}

// surplus returns the offers of one application beyond the number to keep.
func surplus(offers []offer, keep int) []offer {
	sorted := slices.SortedFunc(slices.Values(offers), func(a, b offer) int {
		if a.pinned != b.pinned {
			if a.pinned {
				return -1
			}
			return 1
		}
		return cmp.Or(b.newest().Compare(a.newest()), cmp.Compare(a.hash, b.hash))
	})
	return sorted[min(keep, len(sorted)):]
}

// pinnedOf returns the newest offer that a user has pinned.
func pinnedOf(offers []offer) (pinned offer, ok bool) {
	for _, o := range offers {
		if o.pinned && (!ok || o.newest().After(pinned.newest())) {
			pinned, ok = o, true
		}
	}
	return pinned, ok
}
