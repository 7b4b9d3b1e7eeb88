package demand

import (
	"fmt"
	"math"
)

// Sizing converts the work of a service to the replicas that are enough for it.
//
// By the utilisation law (Denning & Buzen 1978), replicas r at the utilisation u
// do r·(u − idle) replicas' worth of work, and the fewest that do it at the target
// utilisation u* are that work divided by u* − idle. With idle = 0 this is the
// rule of the Kubernetes HorizontalPodAutoscaler before rounding, r·u/u*, with a
// target per service.
type Sizing struct {
	// Idle is the utilisation of a replica without requests, used ÷ limit, from 0
	// to below Utilisation.
	Idle float64 `json:"idle"`
	// Utilisation is the target utilisation u*, used ÷ limit, above 0 and at
	// most 1.
	Utilisation float64 `json:"utilisation"`
}

// Validate reports an invalid sizing.
func (s Sizing) Validate() error {
	if !(s.Idle >= 0 && s.Idle < s.Utilisation && s.Utilisation <= 1) {
		return fmt.Errorf("idle utilisation is %v and the target %v, want at least 0, then more than that and at most 1", s.Idle, s.Utilisation)
	}
	return nil
}

// Need returns the fractional replicas that are enough for work, in replicas that
// are busy at their limit with it: finite and 0 or more; NaN for NaN. An idle share
// above half of the target counts as half of it, so that a replica always has
// capacity. The plan rounds.
func (s Sizing) Need(work float64) float64 {
	return max(0, min(work/(s.Utilisation-min(s.Idle, s.Utilisation/2)), math.MaxFloat64))
}

// Present returns the fractional replicas that are enough for the present work of
// a service. Its arguments are the present replicas and their utilisation, used ÷
// limit over all pods; NaN if either is NaN. A saturated service hides its demand,
// so its need is at least one replica more than it has.
func (s Sizing) Present(replicas, cpu float64) float64 {
	n := s.Need(replicas * (cpu - s.Idle))
	if Saturated(cpu) {
		n = max(n, min(replicas+1, math.MaxFloat64))
	}
	return n
}
