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

// Make decides the replicas of every service in bounds from forecast f and from
// observations. A service that f lacks gets a [Decision] with an error. A service
// without bounds is left out, because no autoscaler scales it. If the lead time
// exceeds the horizon of f, the last step stands for the rest.
//
// Four rules override f. A service without a ready pod is held (its decision is
// an error). A service keeps what is observed to be held after a fall of its load.
// One whose pods are overloaded and partly unready gets at least the pods that exist.
// No service gets 0, because its demand would be invisible; a service that has no pods
// and may have none gets 1.
//
// made is the time of the decision. An error means that c, the shape of f or
// the bounds of a service are invalid, and that there is no plan.
func Make(c Config, f *estimator.Forecast, bounds map[estimator.Service]Bounds, o Observed, made time.Time) (*Plan, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	if err := check(f, o.Window); err != nil {
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
		var needs []float64
		n, known := rows[s]
		if known {
			needs = f.Replicas[n*f.Horizon : n*f.Horizon+steps]
		} else {
			n = -1
		}
		d.decide(needs, o.of(s, n), c)
		p.index[s] = len(p.decisions)
		p.decisions = append(p.decisions, d)
	}
	return p, nil
}

// decide fills in the decision from the needs within the lead time, none when
// the forecast lacks the service. One step of unknown need makes the whole
// unknown: it could have been the highest.
func (d *Decision) decide(needs []float64, p pods, c Config) {
	least := float64(max(1, d.Bounds.Min))
	switch {
	case p.gone() && d.Bounds.Min == 0:
		d.Replicas, d.Clamp = 1, AtMin
		return
	case p.ready == 0:
		d.Err = fmt.Errorf("service %s: %w", d.Service, ErrNotReady)
		return
	case len(needs) == 0:
		d.Err = fmt.Errorf("service %s: %w: the estimator has none for it", d.Service, ErrNoForecast)
		return
	}
	need := 0.0
	for _, v := range needs {
		if !(v >= 0) || math.IsInf(v, 1) {
			d.Err = fmt.Errorf("service %s: %w: %s", d.Service, ErrNoForecast, p.missing())
			return
		}
		need = max(need, v)
	}
	d.Need = need
	whole := math.Ceil(need - c.RoundingTolerance)
	if whole < least {
		whole, d.Clamp = least, AtMin
	}
	if held := math.Ceil(p.held - c.RoundingTolerance); whole < held {
		whole, d.Clamp = held, AtHold
	}
	if keep := math.Floor(p.present() * (1 - c.ScaleIn)); c.ScaleIn > 0 && whole < keep {
		whole, d.Clamp = keep, AtPace
	}
	if whole < p.exist && p.overloaded() {
		whole, d.Clamp = math.Ceil(p.exist), AtPods
	}
	if whole > float64(d.Bounds.Max) {
		whole, d.Clamp = float64(d.Bounds.Max), AtMax
	}
	d.Replicas = int(whole)
}

func check(f *estimator.Forecast, w *estimator.Window) error {
	switch {
	case f == nil:
		return fmt.Errorf("there is no forecast")
	case f.Horizon < 1 || f.Step <= 0:
		return fmt.Errorf("forecast has %d steps of %v, want at least 1 of a positive length", f.Horizon, f.Step)
	case len(f.Replicas) != len(f.Services)*f.Horizon:
		return fmt.Errorf("forecast of %d services and %d steps has %d values", len(f.Services), f.Horizon, len(f.Replicas))
	case w != nil && !slices.Equal(w.Services, f.Services):
		return fmt.Errorf("forecast of %d services was made from another window, of %d", len(f.Services), len(w.Services))
	}
	return nil
}

func unknown(s estimator.Service) error {
	return fmt.Errorf("service %s: %w", s, ErrUnknownService)
}
