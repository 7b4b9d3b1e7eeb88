package queueing

import (
	"math"
	"time"

	"github.com/deepscaler/deepscaler/estimator/demand"
)

// arrivals are the requests to an application, and how far they vary by chance.
type arrivals struct {
	// own is the variation of the requests of each service.
	own []variation
	// outside are the rates at which requests reach each entry from outside, nil for other
	// services, and entries is theirs.
	outside [][]float64
	entries []variation
	// latency is that of each service, in seconds by step.
	latency [][]float64
	// load is the sum over all entries, and moved how far it jumps, see [moved].
	load  []float64
	moved float64
	step  time.Duration
}

func (net *network) observeArrivals(stations []station, horizon int, step time.Duration) *arrivals {
	n := len(stations)
	came := &arrivals{
		own: make([]variation, n), outside: make([][]float64, n), entries: make([]variation, n), latency: make([][]float64, n), step: step,
	}
	for i := range stations {
		came.own[i], came.latency[i] = observeVariation(stations[i].Requests, step), stations[i].Latency
		if net.entry[i] {
			came.outside[i] = net.outsideRates(stations, i)
			came.entries[i] = observeVariation(came.outside[i], step)
		}
	}
	came.load = came.sum(func(int) bool { return true })
	came.moved = moved(came.load, horizon, step)
	return came
}

// sum returns the load that some of the entries show, by step, as a Poisson stream: in users
// who come one by one.
//
// Users share the entries, so rates count the less the more they are dispersed, and all of
// them at most as often as there are entries. A missing sample repeats the one before; the
// sum is NaN before each entry has one, and empty without any.
func (t *arrivals) sum(some func(i int) bool) []float64 {
	entries, least, steps := 0., math.Inf(1), 0
	for i, rates := range t.outside {
		if rates != nil && some(i) {
			entries++
			least = min(least, t.entries[i].dispersion)
			steps = len(rates)
		}
	}
	all := make([]float64, steps)
	for i, rates := range t.outside {
		if rates == nil || !some(i) {
			continue
		}
		last := math.NaN()
		for k, v := range rates {
			if known(v) {
				last = v
			}
			all[k] += last * least / t.entries[i].dispersion
		}
	}
	together := min(entries, demand.Dispersion(all, t.step))
	for k := range all {
		all[k] /= together
	}
	return all
}

const (
	// surely is the distance from a level, in standard deviations, within which it is.
	surely = 2
	// telling is the uncertainty of a growth, as a multiple, up to which it shows.
	telling = 1.35
)

// grown returns the most that the requests to some of the entries have grown within the
// last steps, as a multiple, +Inf if they are too few to show it.
func (t *arrivals) grown(some func(i int) bool, steps int) float64 {
	part := t.sum(some)
	last := len(part) - 1
	if last < steps {
		return math.Inf(1)
	}
	n := variation{1, t.step.Seconds()}
	before, now := n.level(part[:last+1-steps], 0), max(n.level(part, 0), part[last])
	highest := now + surely*n.deviation(now)
	if !(before > 0 && highest <= telling*now) {
		return math.Inf(1)
	}
	return highest / before
}
