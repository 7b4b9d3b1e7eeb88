// Package experiment runs autoscalers side by side: every one under every load with
// every seed and every setting of its knob.
package experiment

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/deepscaler/deepscaler/test/lab/autoscaler"
	"github.com/deepscaler/deepscaler/test/lab/loop"
	"github.com/deepscaler/deepscaler/test/lab/need"
)

// Plan describes a comparison.
type Plan struct {
	// Scenes are the applications under their loads, with one entry for every seed.
	Scenes []Scene
	// Autoscalers with the settings of their knobs.
	Autoscalers []Candidate
	// Reference is the name of the autoscaler at whose usual cost the others are compared.
	Reference string
	// Progress, unless nil, is called after every run, one call at a time.
	Progress func(done, all int)
}

// Candidate is an autoscaler with the settings of its knob.
type Candidate struct {
	autoscaler.Kind
	Settings []float64
}

// Do runs everything in parallel. The result is in the order of scenes, autoscalers and
// settings, whatever ends first.
func (p *Plan) Do(ctx context.Context) (*Result, error) {
	futures, err := p.foresee(ctx)
	if err != nil {
		return nil, err
	}
	result := &Result{Usual: map[string]float64{}, Reference: p.Reference}
	for _, a := range p.Autoscalers {
		result.Usual[a.Name] = a.Usual
	}
	if result.Difficulty, err = p.difficulty(); err != nil {
		return nil, err
	}
	models, err := p.learn(ctx)
	if err != nil {
		return nil, err
	}
	result.Graphs = p.graphs(models)
	var runs []Run
	type task struct{ scene, candidate, run int }
	var tasks []task
	for s := range p.Scenes {
		c := &p.Scenes[s].Config
		for a := range p.Autoscalers {
			for _, knob := range p.Autoscalers[a].Settings {
				tasks = append(tasks, task{s, a, len(runs)})
				runs = append(runs, Run{
					Application: c.Application.Name, Workload: c.Load.Name,
					Autoscaler: p.Autoscalers[a].Name, Knob: knob, Seed: c.Seed,
				})
			}
		}
	}
	traces := make([]*Trace, len(runs))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	var mu sync.Mutex
	done := 0
	for _, t := range tasks {
		g.Go(func() error {
			r := &runs[t.run]
			c := p.Scenes[t.scene].Config
			trace, err := r.do(ctx, &p.Autoscalers[t.candidate].Kind, autoscaler.Surroundings{
				Config: &c, Future: futures[t.scene], Model: models[modelKey{c.Application.Name, c.Load.Name, r.Autoscaler}],
			})
			if err != nil {
				return fmt.Errorf("%s under %s, %s with %v, seed %d: %w", r.Application, r.Workload, r.Autoscaler, r.Knob, r.Seed, err)
			}
			mu.Lock()
			defer mu.Unlock()
			done++
			// Of the first seed: one run is enough to look at.
			if s := t.scene; trace != nil && (s == 0 || !sameLoad(&p.Scenes[s-1].Config, &p.Scenes[s].Config)) {
				traces[t.run] = trace
			}
			if p.Progress != nil {
				p.Progress(done, len(tasks))
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	result.Runs, result.Frontiers = runs, Frontiers(runs)
	for _, t := range traces {
		if t != nil {
			result.Traces = append(result.Traces, *t)
		}
	}
	return result, nil
}

func sameLoad(a, b *loop.Config) bool {
	return a.Application.Name == b.Application.Name && a.Load.Name == b.Load.Name
}

// difficulty returns that of every load, the hardest of its seeds.
func (p *Plan) difficulty() ([]Difficulty, error) {
	var all []Difficulty
	for i := range p.Scenes {
		c := &p.Scenes[i].Config
		d, err := c.Load.Difficulty(c.Application, c.LeadTime())
		if err != nil {
			return nil, fmt.Errorf("difficulty of %s: %w", c.Load.Name, err)
		}
		found := Difficulty{Application: c.Application.Name, Workload: c.Load.Name, Factor: d.Factor, About: d.String()}
		at := slices.IndexFunc(all, func(o Difficulty) bool {
			return o.Application == found.Application && o.Workload == found.Workload
		})
		switch {
		case at < 0:
			all = append(all, found)
		case all[at].Factor < found.Factor:
			all[at] = found
		}
	}
	return all, nil
}

// do runs one, and returns its trace if its setting is the usual one.
func (r *Run) do(ctx context.Context, k *autoscaler.Kind, s autoscaler.Surroundings) (*Trace, error) {
	c, future := s.Config, s.Future
	scaler, err := k.New(s, r.Knob)
	if err != nil {
		return nil, err
	}
	record, err := loop.Run(ctx, *c, scaler, future.Within(0, time.Minute, need.Usual))
	if err != nil {
		return nil, err
	}
	r.judge(c, record, scaler, future)
	if r.Knob != k.Usual {
		return nil, nil
	}
	t := r.trace(c, record, future)
	return &t, nil
}

// foresee measures every application at the levels of all its loads, and returns the
// needs of every scene.
func (p *Plan) foresee(ctx context.Context) ([]*need.Future, error) {
	measured := map[string]*need.Measured{}
	futures := make([]*need.Future, len(p.Scenes))
	for i := range p.Scenes {
		c := &p.Scenes[i].Config
		name := c.Application.Name
		if measured[name] == nil {
			low, high := math.Inf(1), 0.0
			for j := range p.Scenes {
				if other := &p.Scenes[j].Config; other.Application.Name == name {
					l, h := need.Levels(other)
					low, high = min(low, l), max(high, h)
				}
			}
			var err error
			if measured[name], err = need.Measure(ctx, c.Application, c.Load.Weights, low, high); err != nil {
				return nil, fmt.Errorf("measure %s: %w", name, err)
			}
		}
		f, err := need.Foresee(c, measured[name])
		if err != nil {
			return nil, fmt.Errorf("%s under %s: %w", name, c.Load.Name, err)
		}
		futures[i] = f
	}
	return futures, nil
}
