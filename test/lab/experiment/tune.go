package experiment

import (
	"context"
	"fmt"
	"slices"
)

// tolerable is the share of violations that a tuned autoscaler may have while it is tuned.
const tolerable = 0.05

// Tune returns the plan with each autoscaler at the one setting that is best for an
// application and a load on seeds of their own: the cheapest that violates in at most 5 %
// of the steps, or else the one that violates least. The runs of the grid are returned, too.
func (p *Plan) Tune(ctx context.Context, seeds []Scene) (*Plan, []Run, error) {
	for i := range seeds {
		for j := range p.Scenes {
			if a, b := &seeds[i], &p.Scenes[j]; sameLoad(&a.Config, &b.Config) {
				if err := a.Generator.CheckApart(a.Span, b.Span); err != nil {
					return nil, nil, fmt.Errorf("tune: %w", err)
				}
			}
		}
	}
	grid := *p
	grid.Scenes = seeds
	result, err := grid.Do(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("tune: %w", err)
	}
	tuned := *p
	tuned.Autoscalers = slices.Clone(p.Autoscalers)
	for i := range tuned.Autoscalers {
		a := &tuned.Autoscalers[i]
		at := slices.IndexFunc(result.Frontiers, func(f Frontier) bool { return f.Autoscaler == a.Name })
		a.Usual = choose(result.Frontiers[at].Points)
		a.Settings = []float64{a.Usual}
	}
	return &tuned, result.Runs, nil
}

// choose returns the knob of the best point. Points are in order of cost.
func choose(points []Point) float64 {
	best := points[0]
	for _, p := range points {
		if p.Violations <= tolerable {
			return p.Knob
		}
		if p.Violations < best.Violations {
			best = p
		}
	}
	return best.Knob
}
