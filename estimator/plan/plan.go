package plan

import (
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

var (
	// ErrNoForecast is wrapped by the error of a service with an unknown need.
	// Its autoscaler must hold.
	ErrNoForecast = errors.New("no forecast")
	// ErrNotReady is wrapped by the error of a service without a ready pod. Its
	// need is invisible, so its autoscaler must hold.
	ErrNotReady = errors.New("none of its pods is ready")
	// ErrUnknownService is wrapped by the error for a service that is not part
	// of the plan.
	ErrUnknownService = errors.New("not in the plan")
)

// Clamp is the limit that changed a number of replicas, if any.
type Clamp int8

// The possible values of [Clamp].
const (
	// Unclamped: the need lies within the bounds.
	Unclamped Clamp = iota
	// AtMin: the need was below the minimum, which is at least 1, and raised to it.
	AtMin
	// AtMax: the need was above the maximum and cut to it.
	AtMax
	// AtPods: the need was below the pods that exist, of which some are not ready
	// while the others are overloaded, and raised to them.
	AtPods
	// AtHold: the need has fallen, and the replicas are kept for a while, because the next
	// rise may come before new pods would be ready.
	AtHold
	// AtPace: the need was so far below the pods that exist that a plan of limited trust
	// removes only a part of them.
	AtPace
)

// String returns "none", "min", "max", "pods", "hold" or "pace".
func (c Clamp) String() string {
	switch c {
	case AtMin:
		return "min"
	case AtMax:
		return "max"
	case AtPods:
		return "pods"
	case AtHold:
		return "hold"
	case AtPace:
		return "pace"
	}
	return "none"
}

// Decision is the part of a plan for one service.
type Decision struct {
	Service estimator.Service
	// Replicas is the whole number of replicas to run, within Bounds. It has
	// no meaning when Err is set.
	Replicas int
	// Need is the forecast need in fractional replicas, the maximum over the
	// lead time before rounding and bounds. NaN when Err is set, and for a
	// service without pods, which gets one.
	Need float64
	// Bounds are the bounds used by the plan.
	Bounds Bounds
	// Clamp is the limit that decided Replicas.
	Clamp Clamp
	// Shadow is the planned number where Replicas is another one, which holds the
	// autoscaler; nil otherwise.
	Shadow *int
	// Source is what made the forecast; zero when that is not known.
	Source Source
	// Err is the reason why there is no number; it wraps [ErrNoForecast] or
	// [ErrNotReady]. Its text is constant per cause. Nil if Replicas is valid.
	Err error
}

// Source is what made the forecast of a service.
type Source struct {
	// Estimator is its name.
	Estimator string
	// Model is the hash of the trained model that it ran, "" without one.
	Model string
}

// Plan is the number of replicas of every service of one application, as
// decided at one tick. It is immutable and may be shared between goroutines.
type Plan struct {
	made      time.Time
	step      time.Duration
	decisions []Decision
	index     map[estimator.Service]int
	links     func() Links
}

// WithSources returns the plan with the source of every decision about a service that
// has one.
func (p *Plan) WithSources(sources map[estimator.Service]Source) *Plan {
	out := *p
	out.decisions = slices.Clone(p.decisions)
	for i := range out.decisions {
		out.decisions[i].Source = sources[out.decisions[i].Service]
	}
	return &out
}

// Made returns when the plan was made.
func (p *Plan) Made() time.Time { return p.made }

// Step returns the time between two plans (Δ).
func (p *Plan) Step() time.Duration { return p.step }

// Len returns the number of services.
func (p *Plan) Len() int { return len(p.decisions) }

// Decisions returns the decisions for all services, in the order of
// [estimator.Service.Compare].
func (p *Plan) Decisions() iter.Seq[Decision] {
	return func(yield func(Decision) bool) {
		for _, d := range p.decisions {
			if !yield(d) {
				return
			}
		}
	}
}

// Decision returns the decision for service s, and whether s is part of the
// plan.
func (p *Plan) Decision(s estimator.Service) (Decision, bool) {
	i, ok := p.index[s]
	if !ok {
		return Decision{}, false
	}
	return p.decisions[i], true
}

// Replicas returns the replicas for service s. The error wraps [ErrNoForecast],
// [ErrNotReady] or [ErrUnknownService].
func (p *Plan) Replicas(s estimator.Service) (int, error) {
	i, ok := p.index[s]
	if !ok {
		return 0, unknown(s)
	}
	d := &p.decisions[i]
	return d.Replicas, d.Err
}
