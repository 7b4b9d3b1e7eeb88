package queueing

import (
	"math"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/demand"
)

const (
	// maxAge is the number of newest columns that may lack a service before its
	// telemetry counts as stale. Where rates are taken over two scrapes, a lost
	// one takes those of two steps with it.
	maxAge = 2
	// minSamples is the number of samples that a service needs: the first one
	// after a start covers only a part of its step and is too low.
	minSamples = 2
)

// station is the telemetry of one service.
type station struct {
	demand.Service
	// arriving is the newest column with a request rate, sized the newest that
	// has CPU and replicas as well; -1 where it is missing or stale.
	arriving, sized int
}

// stations returns the stations of services that see the steps in r.
func stations(services []demand.Service, r estimator.Range) []station {
	out := make([]station, len(services))
	for i := range services {
		s := &out[i]
		s.Service = services[i].Slice(r)
		s.arriving = newest(r.Len(), func(t int) bool { return known(s.Requests[t]) })
		s.sized = newest(r.Len(), s.complete)
	}
	return out
}

// complete reports whether the load and the size of the service are known at step
// t.
func (s *station) complete(t int) bool {
	return known(s.Requests[t]) && known(s.CPU[t]) && known(s.Replicas[t])
}

// newest returns the last of the steps that hold, or -1 when that is stale or
// too few hold.
func newest(steps int, holds func(t int) bool) int {
	last, count := -1, 0
	for t := range steps {
		if holds(t) {
			last = t
			count++
		}
	}
	if count < minSamples || last < steps-1-maxAge {
		return -1
	}
	return last
}

func known(v float64) bool { return !math.IsNaN(v) }
