package demand

import (
	"math"
	"time"
)

const (
	// chance is how many standard deviations of the count of a Poisson stream a rise must be
	// above none: the largest of a window of calm load is about three.
	chance = 3
	// calm and moved are rises of the load within the horizon, as shares of it: up to the
	// one no reserve is needed, since replicas are planned for a utilisation that leaves
	// as much, and from the other on all of it.
	calm, moved = 0.1, 0.3
)

// Movement returns the share of a reserve that the load of a service is worth, from 0
// where it hardly rose within so many steps anywhere in the window, to 1. A load that does
// not jump pays for a reserve in vain.
//
// rates are requests per second at steps of the given length, NaN where missing. Too few of
// them say nothing: 1.
func Movement(rates []float64, ahead int, step time.Duration) float64 {
	most, known := 0.0, false
	for t := ahead + 1; t < len(rates); t++ {
		before, now := (rates[t-ahead]+rates[t-ahead-1])/2, (rates[t]+rates[t-1])/2
		if math.IsNaN(before + now) {
			continue
		}
		known = true
		if rise := now - before - chance*math.Sqrt((before+now)/(2*step.Seconds())); rise > 0 {
			most = max(most, rise/before)
		}
	}
	if !known {
		return 1
	}
	return max(0, min(1, (most-calm)/(moved-calm)))
}
