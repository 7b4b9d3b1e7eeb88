package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deepscaler/deepscaler/test/lab/autoscaler"
	"github.com/deepscaler/deepscaler/test/lab/experiment"
	"github.com/deepscaler/deepscaler/test/lab/loop"
	"github.com/deepscaler/deepscaler/test/lab/need"
	"github.com/deepscaler/deepscaler/test/lab/workload"
	"github.com/deepscaler/deepscaler/test/testbed/app"
)

// Bounds of what a computer can run in a day.
const (
	mostSeeds = 100
	longest   = 7 * 24 * time.Hour
)

// plan returns what the flags ask for.
func (o *options) plan() (*experiment.Plan, error) {
	if o.seeds < 1 || o.seeds > mostSeeds {
		return nil, fmt.Errorf("--seeds is %d, want 1 to %d", o.seeds, mostSeeds)
	}
	for _, d := range []struct {
		flag  string
		value time.Duration
	}{{"duration", o.duration}, {"school", o.school}} {
		if d.value <= 0 || d.value > longest {
			return nil, fmt.Errorf("--%s is %v, want more than 0 and at most %v: an hour takes seconds, for every seed and setting", d.flag, d.value, longest)
		}
	}
	if len(o.autoscalers) == 0 {
		return nil, fmt.Errorf("--autoscaler is empty, want at least one of %s", strings.Join(autoscaler.Names(), ", "))
	}
	if o.rps < 0 {
		return nil, fmt.Errorf("--rps is %v, want more than 0, or 0 for what suits the application", o.rps)
	}
	if n := o.schoolSeed - o.firstSeed; o.schoolSeed >= o.firstSeed && n < uint64(o.seeds) {
		return nil, fmt.Errorf("--school-seed is %d, which a run has: learn from another seed than those of the runs", o.schoolSeed)
	}
	var p experiment.Plan
	for _, text := range o.autoscalers {
		candidate, err := o.candidate(text)
		if err != nil {
			return nil, fmt.Errorf("--autoscaler: %w", err)
		}
		for _, other := range p.Autoscalers {
			if other.Name == candidate.Name {
				return nil, fmt.Errorf("--autoscaler: %s comes twice; give it several settings with %s=VALUE/VALUE", other.Name, other.Name)
			}
		}
		p.Autoscalers = append(p.Autoscalers, candidate)
	}
	p.Reference = p.Autoscalers[0].Name
	for i, text := range o.workloads {
		if slices.Contains(o.workloads[:i], text) {
			return nil, fmt.Errorf("--workload: %s comes twice", text)
		}
	}
	for _, name := range o.apps {
		a, err := app.Load(name)
		if err != nil {
			return nil, fmt.Errorf("--app: %w", err)
		}
		base := o.rps
		if base == 0 {
			if base, err = need.Base(a); err != nil {
				return nil, err
			}
		}
		for _, text := range o.workloads {
			g, err := workload.Parse(text)
			if err != nil {
				return nil, fmt.Errorf("--workload: %w", err)
			}
			for n := range o.seeds {
				c := loop.Defaults(a, nil, o.firstSeed+uint64(n))
				// Windows of adapters cover the same time, whatever the step.
				c.Steps = max(2, int(time.Duration(c.Steps)*c.Step/max(o.step, time.Second)))
				c.Duration, c.Step, c.Scrape, c.RateWindow, c.Hold, c.StartSpread = o.duration, o.step, o.scrape, o.rateWindow, o.hold, o.startSpread
				scene, err := experiment.NewScene(c, text, g, base, workload.Span{Seed: o.schoolSeed, Duration: o.school})
				if err != nil {
					return nil, err
				}
				p.Scenes = append(p.Scenes, scene)
			}
		}
	}
	return &p, nil
}

// candidate reads NAME or NAME=VALUE/VALUE….
func (o *options) candidate(text string) (experiment.Candidate, error) {
	name, values, given := strings.Cut(text, "=")
	kind, err := autoscaler.Find(name)
	if err != nil {
		return experiment.Candidate{}, err
	}
	c := experiment.Candidate{Kind: kind, Settings: kind.Settings}
	switch {
	case given:
		c.Settings = nil
		for part := range strings.SplitSeq(values, "/") {
			v, err := strconv.ParseFloat(part, 64)
			if err != nil {
				return c, fmt.Errorf("%s: the knob is %q, want a number", name, part)
			}
			c.Settings = append(c.Settings, v)
		}
		c.Usual = c.Settings[0]
	case o.usual:
		c.Settings = []float64{kind.Usual}
	}
	return c, nil
}
