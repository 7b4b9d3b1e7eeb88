package estimator

import (
	"fmt"
	"math"
)

// SaturatedFrom is the utilisation, used ÷ limit, from which a service counts as
// saturated: the mean over replicas and over a step stays a little below 1 even
// then.
const SaturatedFrom = 0.9

// roundingTolerance is the fraction of a replica that is not worth one more.
const roundingTolerance = 0.05

// Sizing says how many replicas of a service are enough for the work that it has.
//
// By the utilisation law (Denning & Buzen 1978), replicas r at the utilisation u
// do r·(u − idle) replicas' worth of work, and the fewest that do it at the target
// utilisation u* are that work divided by u* − idle. With idle = 0 this is the
// rule of the Kubernetes HorizontalPodAutoscaler, ⌈r·u/u*⌉, with a target per
// service.
type Sizing struct {
	// Idle is the utilisation of a replica without requests, used ÷ limit, from 0
	// to below Utilisation.
	Idle float64 `json:"idle"`
	// Utilisation is the utilisation u* that replicas are counted for, used ÷
	// limit, above 0 and at most 1.
	Utilisation float64 `json:"utilisation"`
}

// Validate reports a sizing that no replicas can be counted with.
func (s Sizing) Validate() error {
	if !(s.Idle >= 0 && s.Idle < s.Utilisation && s.Utilisation <= 1) {
		return fmt.Errorf("idle utilisation is %v and the target %v, want at least 0, then more than that and at most 1", s.Idle, s.Utilisation)
	}
	return nil
}

// Enough returns the replicas that are enough for work, in replicas that are busy
// at their limit with it: a whole number, 1 or more; NaN for NaN. A twentieth of a
// replica too few is enough. An idle share above half of the target counts as half
// of it: a replica must be good for something.
func (s Sizing) Enough(work float64) float64 {
	n := math.Ceil(work/(s.Utilisation-min(s.Idle, s.Utilisation/2)) - roundingTolerance)
	return max(1, min(n, math.MaxFloat64))
}

// Replicas returns the replicas that are enough for the present work of a service,
// given those it has and their utilisation cpu, used ÷ limit as in [CPU]: a whole
// number, 1 or more; NaN when either is NaN. A service that is saturated hides its
// demand; it needs at least one replica more than it has.
func (s Sizing) Replicas(replicas, cpu float64) float64 {
	n := s.Enough(replicas * (cpu - s.Idle))
	if cpu >= SaturatedFrom {
		n = max(n, math.Ceil(replicas)+1)
	}
	return n
}
