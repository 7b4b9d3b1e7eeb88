package plan

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/deepscaler/deepscaler/estimator"
)

// Bounds are the limits of the HorizontalPodAutoscaler of a service, both
// included.
type Bounds struct {
	Min, Max int
}

func (b Bounds) validate() error {
	if b.Min < 0 || b.Max < 1 || b.Max < b.Min {
		return fmt.Errorf("bounds [%d, %d], want 0 ≤ min ≤ max and max at least 1", b.Min, b.Max)
	}
	return nil
}

// Make decides the replicas of every service in bounds from forecast f. A
// service that f does not know gets a [Decision] with an error; a service that
// only f knows is left out, because nobody scales it. Where the lead time
// reaches beyond the horizon of f, the horizon's last step stands for the rest.
//
// made is the time of the decision. An error means that c, the shape of f or
// the bounds of a service are invalid, and that there is no plan.
func Make(c Config, f *estimator.Forecast, bounds map[estimator.Service]Bounds, made time.Time) (*Plan, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	if err := check(f); err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	rows := make(map[estimator.Service]int, len(f.Services))
	for n, s := range f.Services {
		rows[s] = n
	}
	p := &Plan{
		made:      made,
		step:      f.Step,
		decisions: make([]Decision, 0, len(bounds)),
		index:     make(map[estimator.Service]int, len(bounds)),
	}
	steps := min(Steps(c.LeadTime, f.Step), f.Horizon)
	for _, s := range slices.SortedFunc(maps.Keys(bounds), estimator.Service.Compare) {
		b := bounds[s]
		if err := b.validate(); err != nil {
			return nil, fmt.Errorf("plan: service %s: %w", s, err)
		}
		d := Decision{Service: s, Need: math.NaN(), Bounds: b}
		n, ok := rows[s]
		if !ok {
			d.Err = fmt.Errorf("service %s: %w: the estimator does not know it", s, ErrNoForecast)
		} else {
			d.decide(f.Replicas[n*f.Horizon:n*f.Horizon+steps], c.RoundingTolerance)
		}
		p.index[s] = len(p.decisions)
		p.decisions = append(p.decisions, d)
	}
	return p, nil
}

// decide fills in the decision from the needs within the lead time. One step
// of unknown need makes the whole unknown: it could have been the highest.
func (d *Decision) decide(needs []float64, tolerance float64) {
	need := 0.0
	for _, v := range needs {
		if !(v >= 0) || math.IsInf(v, 1) {
			d.Err = fmt.Errorf("service %s: %w: its telemetry is missing or stale, so the estimate is %v", d.Service, ErrNoForecast, v)
			return
		}
		need = max(need, v)
	}
	d.Need = need
	switch whole := roundUp(need, tolerance); {
	case whole < float64(d.Bounds.Min):
		d.Replicas, d.Clamp = d.Bounds.Min, AtMin
	case whole > float64(d.Bounds.Max):
		d.Replicas, d.Clamp = d.Bounds.Max, AtMax
	default:
		d.Replicas = int(whole)
	}
}

// roundUp returns the least whole number that is at most tolerance below v. A
// need above zero is never rounded to zero.
func roundUp(v, tolerance float64) float64 {
	whole := math.Ceil(v - tolerance)
	if whole < 1 && v > 0 {
		return 1
	}
	return max(whole, 0)
}

func check(f *estimator.Forecast) error {
	switch {
	case f == nil:
		return fmt.Errorf("there is no forecast")
	case f.Horizon < 1 || f.Step <= 0:
		return fmt.Errorf("forecast has %d steps of %v, want at least 1 of a positive length", f.Horizon, f.Step)
	case len(f.Replicas) != len(f.Services)*f.Horizon:
		return fmt.Errorf("forecast of %d services and %d steps has %d values", len(f.Services), f.Horizon, len(f.Replicas))
	}
	return nil
}

func unknown(s estimator.Service) error {
	return fmt.Errorf("service %s: %w", s, ErrUnknownService)
}
