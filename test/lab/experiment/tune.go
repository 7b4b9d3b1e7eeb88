package experiment

import (
	"errors"
	"slices"
)

// tolerable is the share of violations that a tuned autoscaler may have while it is tuned.
const tolerable = 0.05

// Tune returns for every autoscaler and seed the run with the setting that is best on all other
// seeds of the load. The best is the cheapest that violates in at most 5 % of the steps, or
// else the one that violates least. So no autoscaler is judged on what it was tuned on, and
// what it is tuned on is as hard as what it is judged on.
func Tune(runs []Run) ([]Run, error) {
	var tuned []Run
	for _, group := range Groups(runs, sameAutoscaler) {
		seeds := Groups(group, func(a, b *Run) bool { return a.Seed == b.Seed })
		if len(seeds) < 2 {
			return nil, errors.New("an autoscaler is tuned on the other seeds: take two seeds or more")
		}
		for _, seed := range seeds {
			others := slices.DeleteFunc(slices.Clone(group), func(r Run) bool { return r.Seed == seed[0].Seed })
			knob := choose(Frontiers(others)[0].Points)
			at := slices.IndexFunc(seed, func(r Run) bool { return r.Knob == knob })
			tuned = append(tuned, seed[at])
		}
	}
	return tuned, nil
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

// Chosen returns the runs with the settings that count: those of [Tune] where autoscalers were
// tuned, else the usual ones.
func (r *Result) Chosen() []Run {
	if len(r.Tuned) > 0 {
		return r.Tuned
	}
	var usual []Run
	for _, run := range r.Runs {
		if run.Knob == r.Usual[run.Autoscaler] {
			usual = append(usual, run)
		}
	}
	return usual
}

// ChosenTraces returns the traces with the settings that count for the first seed.
func (r *Result) ChosenTraces() []Trace {
	chosen := r.Chosen()
	var all []Trace
	for _, t := range r.Traces {
		at := slices.IndexFunc(chosen, func(run Run) bool {
			return run.Application == t.Application && run.Workload == t.Workload && run.Autoscaler == t.Autoscaler
		})
		if at >= 0 && chosen[at].Knob == t.Knob {
			all = append(all, t)
		}
	}
	return all
}
