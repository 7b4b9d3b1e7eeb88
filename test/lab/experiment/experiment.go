// Package experiment runs autoscalers side by side: every one under every load with
// every seed and every setting of its knob.
package experiment

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"

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
	// Reference is the name of the autoscaler whose usual cost is the measure of all.
	Reference string
	// Enough, unless 0, is a share of violations. Settings of a knob that come after one with
	// which no seed violates in more steps are not run: they only cost more.
	Enough float64
	// Parts, unless nil, keeps what is finished.
	Parts Parts
	// Meter, unless nil, counts finished work; [Plan.Expect] returns how much there is.
	Meter *Meter
}

// Candidate is an autoscaler with the settings of its knob.
type Candidate struct {
	autoscaler.Kind
	Settings []float64
}

// Expect returns the work of learning and of all runs, for a meter.
func (p *Plan) Expect() (learning, runs float64) {
	learners, settings := 0.0, 0.0
	for i := range p.Autoscalers {
		if p.Autoscalers[i].Learns() {
			learners++
		}
		settings += float64(len(p.Autoscalers[i].Settings))
	}
	for i := range p.Scenes {
		if p.first(i) && learners > 0 {
			learning += (1 + learners) * p.Scenes[i].lesson()
		}
		runs += settings * p.Scenes[i].run()
	}
	return learning, runs
}

// first reports whether a scene is the first of those that differ in the seed only.
func (p *Plan) first(i int) bool {
	return i == 0 || !sameLoad(&p.Scenes[i-1].Config, &p.Scenes[i].Config)
}

// Do lets autoscalers learn and runs everything.
func (p *Plan) Do(ctx context.Context) (*Result, error) {
	learning, runs := p.Expect()
	p.Meter.Expect(learning + runs)
	known, err := p.Learn(ctx)
	if err != nil {
		return nil, err
	}
	return p.Run(ctx, known)
}

// Run runs everything in parallel with what was learned. The result is in the order of
// scenes, autoscalers and settings, whatever ends first.
func (p *Plan) Run(ctx context.Context, known []Learned) (*Result, error) {
	futures, err := p.foresee(ctx)
	if err != nil {
		return nil, err
	}
	result := &Result{Usual: map[string]float64{}, Reference: p.Reference, Learned: known}
	for _, a := range p.Autoscalers {
		result.Usual[a.Name] = a.Usual
	}
	if result.Difficulty, err = p.difficulty(); err != nil {
		return nil, err
	}
	sweeps := p.sweeps(futures, known)
	g, ctx := errgroup.WithContext(ctx)
	processors := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i := range sweeps {
		g.Go(func() error { return sweeps[i].do(ctx, p, processors) })
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for i := range sweeps {
		for _, f := range sweeps[i].finished {
			result.Runs = append(result.Runs, f.Run)
			if f.Trace != nil {
				result.Traces = append(result.Traces, *f.Trace)
			}
		}
	}
	result.Frontiers = Frontiers(result.Runs)
	return result, nil
}

func sameLoad(a, b *loop.Config) bool {
	return a.Application.Name == b.Application.Name && a.Load.Name == b.Load.Name
}

// difficulty returns that of every load.
func (p *Plan) difficulty() ([]Difficulty, error) {
	var all []Difficulty
	for i := range p.Scenes {
		c := &p.Scenes[i].Config
		d, err := c.Load.Difficulty(c.Application, c.Warmup, c.LeadTime())
		if err != nil {
			return nil, fmt.Errorf("difficulty of %s: %w", c.Load.Name, err)
		}
		found := Difficulty{Application: c.Application.Name, Workload: c.Load.Name, Factor: d.Factor, Least: d.Factor, About: d.String()}
		at := slices.IndexFunc(all, func(o Difficulty) bool {
			return o.Application == found.Application && o.Workload == found.Workload
		})
		if at < 0 {
			all = append(all, found)
			continue
		}
		found.Least = min(found.Least, all[at].Least)
		if all[at].Factor > found.Factor {
			found.Factor, found.About = all[at].Factor, all[at].About
		}
		all[at] = found
	}
	return all, nil
}

// foresee measures every application at the levels of all its loads and returns the
// needs of every scene.
func (p *Plan) foresee(ctx context.Context) ([]*need.Future, error) {
	measured := map[string]*need.Measured{}
	futures := make([]*need.Future, len(p.Scenes))
	for i := range p.Scenes {
		c := &p.Scenes[i].Config
		name := c.Application.Name
		if measured[name] == nil {
			low, high := p.levels(name)
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

// levels returns loads between which all scenes of an application lie, in requests per second.
// They are coarse, so that another seed seldom changes what is measured, and with it every
// run that is kept.
func (p *Plan) levels(application string) (low, high float64) {
	const below, above = 3, 1.5
	low = math.Inf(1)
	for i := range p.Scenes {
		s := &p.Scenes[i]
		if s.Config.Application.Name != application {
			continue
		}
		l, h := need.Levels(&s.Config)
		low = min(low, s.Base*math.Pow(below, math.Floor(math.Log(l/s.Base)/math.Log(below))))
		high = max(high, s.Base*math.Pow(above, math.Ceil(math.Log(h/s.Base)/math.Log(above))))
	}
	return low, high
}
