package queueing

import (
	"math"
	"slices"
	"time"

	"github.com/deepscaler/deepscaler/estimator/demand"
)

const (
	// holdsFrom is the degree of saturation from which no service on its paths
	// may shrink: that at [demand.SaturatedFrom].
	holdsFrom = 0.5
	// saturatedGrowth is the least growth of demand assumed behind a fully
	// saturated service. Users who wait for answers (a closed loop) send no more
	// than the service answers, so neither rate nor latency may show what is
	// hidden. Latency is that of answers, of which the first to come out of a new
	// queue are those that waited least. Pods that are asked for one step later
	// cost more than those that prove to be too many.
	saturatedGrowth = 2.5
	// risenGrowth is that where no queue shows: the load has risen to the limit, and
	// most often not by much more. It is that behind a limit that was reached for a part of
	// a step as well, whose mean hides by how much.
	risenGrowth = 1.5
	// busy is the share of the highest planned utilisation from which such a part is possible.
	busy = 0.6
	// onsetGrowth is the growth over the load before, assumed within the first lead
	// time of a saturation. CPU at its limit looks the same after a jump to one and a
	// half times the load and to four times, and the services that wait answer even
	// less than before.
	onsetGrowth = 4
	// clearedWithin is the share of the lead time within which a backlog is to be
	// worked off. All who wait in it, and all who come after, break the SLO.
	clearedWithin = 1. / 3
)

// saturation is the evidence for demand that a saturated interval hides.
type saturation struct {
	demand.Queue
	// degree is 0 for none to 1 for full.
	degree float64
	// explained is true if utilisation alone explains the latency: there is no queue.
	explained bool
	// unexplained is true if the service is busy, but its latency is longer than its
	// utilisation explains: it has a queue, or waits for a callee that has one.
	unexplained bool
	// partly is true if that is so at a utilisation below the highest planned one: the limit was
	// reached for a part of the step.
	partly bool
	// clearing is the rate, in requests per second, that clears in time what has
	// queued up.
	clearing float64
}

// onset returns the last step before the station became saturated, if that was at
// most a time ago and it still is; -1 otherwise. A bottleneck that lasts has no more
// replicas to get, and says nothing about the load of others.
func (s *station) onset(within time.Duration) int {
	if s.sized < 0 || !demand.Saturated(s.CPU[s.sized]) {
		return -1
	}
	for t := s.sized - 1; t >= 0 && float64(s.sized-t)*s.Step <= within.Seconds(); t-- {
		if known(s.CPU[t]) && !demand.Saturated(s.CPU[t]) {
			return t
		}
	}
	return -1
}

// saturatedSince reports that the station was saturated at a step and at all after it.
func (s *station) saturatedSince(step int) bool {
	return s.sized >= step && !slices.ContainsFunc(s.CPU[step:s.sized+1], func(u float64) bool { return !demand.Saturated(u) })
}

// calm returns the least rate within a time up to a step, 0 if unknown. A service that
// saturates after others has answered more by then: that jump was counted already.
func (s *station) calm(step int, within time.Duration) float64 {
	least := math.Inf(1)
	for t := step; t >= 0 && float64(step-t)*s.Step <= within.Seconds(); t-- {
		if known(s.Requests[t]) {
			least = min(least, s.Requests[t])
		}
	}
	if math.IsInf(least, 1) {
		return 0
	}
	return least
}

// observeSaturation reads the newest step of a station. self is its latency
// without that of the callees at that step, NaN when unknown.
func observeSaturation(s *station, c Config, self float64, curve demand.Curve) saturation {
	if s.arriving < 0 {
		return saturation{Queue: demand.Queue{Arrivals: 1}}
	}
	out := saturation{Queue: s.Queue(0, s.arriving), explained: known(self) && curve.Unloaded > 0 && curve.Explains(self)}
	if s.Requests[s.arriving] > risenGrowth*s.calm(s.arriving, time.Duration(2*s.Step*float64(time.Second))) {
		out.explained = false // a jump, whose queue has yet to show
	}
	if s.sized >= 0 {
		u := s.CPU[s.sized]
		out.degree = demand.Saturation(u)
		// A burst that is over within the step leaves a queue, and CPU as if there had been none.
		out.partly = u < c.MaxUtilisation && u >= busy*c.MaxUtilisation && out.Backlog >= demand.Crowd && !curve.Explains(self)
		out.unexplained = out.partly || u >= c.MaxUtilisation && !curve.Explains(self)
	}
	out.clearing = min(s.Requests[s.arriving], out.Backlog/(clearedWithin*c.LeadTime.Seconds()))
	return out
}

// hidden returns a lower bound on the request rate behind a service that is
// itself saturated, given the rate it answered and the share of it that a season vouches
// for.
func (s saturation) hidden(answered, vouched float64) float64 {
	if s.Easing {
		return s.blocked(answered, s.degree)
	}
	growth := saturatedGrowth
	if s.explained || s.partly {
		growth = risenGrowth
	}
	return answered + s.degree*(answered*(max(s.Arrivals, assumed(growth, vouched))-1)+s.clearing)
}

// assumed returns the growth that is assumed for a load of which a season vouches for a share.
func assumed(growth, vouched float64) float64 { return 1 + (growth-1)*(1-vouched) }

// blocked returns a lower bound on the request rate of a service that waits for
// one saturated to the given degree.
func (s saturation) blocked(answered, degree float64) float64 {
	return answered * (1 + degree*(s.Arrivals-1))
}
