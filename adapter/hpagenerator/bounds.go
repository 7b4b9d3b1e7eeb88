package hpagenerator

import (
	"fmt"
	"math"
	"slices"
)

const (
	// leastSamples is the number of samples below which a history is too short for bounds.
	leastSamples = 12
	// brief is one over the share of time in which few replicas were an exception, such as
	// an outage, and no bound.
	brief = 100
	// leastMax keeps small services from running into a bound that nobody chose.
	leastMax = 10
	// factor is how far a service may grow beyond what it has run with.
	factor = 2
	// available is the number of replicas that survives the loss of one.
	available = 2
)

// bounds are those of a new autoscaler.
type bounds struct {
	min, max int32
	why      string
}

// boundsOf returns the bounds for a workload that has the given replicas now, and had
// those of history, in any order. NaN is an unknown number, and 0 counts as one: a
// service that is off shows nothing about its demand.
func boundsOf(now int32, history []float64) bounds {
	var seen []float64
	for _, v := range history {
		if v >= 1 && !math.IsInf(v, 0) {
			seen = append(seen, math.Ceil(v))
		}
	}
	if len(seen) < leastSamples {
		return fixed(now, float64(now), fmt.Sprintf("it has %d now, and no history is known", now))
	}
	slices.Sort(seen)
	lowest, highest := seen[(len(seen)-1)/brief], max(seen[len(seen)-1], float64(now))
	if lowest == highest {
		return fixed(now, highest, fmt.Sprintf("it always had %v", highest))
	}
	return bounds{min: whole(lowest), max: ceiling(highest), why: fmt.Sprintf("it had %v to %v", lowest, highest)}
}

// fixed returns the bounds of a workload that nothing has scaled: its number was chosen
// for its peak, so it is no lower bound.
func fixed(now int32, highest float64, why string) bounds {
	return bounds{min: max(1, min(available, now)), max: ceiling(highest), why: why}
}

func ceiling(highest float64) int32 { return whole(max(leastMax, factor*highest)) }

func whole(v float64) int32 { return int32(min(v, math.MaxInt32)) }
