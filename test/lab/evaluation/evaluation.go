// Package evaluation reproduces the tables and figures of §V of the paper in the lab.
package evaluation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/deepscaler/deepscaler/test/lab/autoscaler"
	"github.com/deepscaler/deepscaler/test/lab/experiment"
	"github.com/deepscaler/deepscaler/test/lab/learned"
	"github.com/deepscaler/deepscaler/test/lab/loop"
	"github.com/deepscaler/deepscaler/test/lab/need"
	"github.com/deepscaler/deepscaler/test/lab/workload"
	"github.com/deepscaler/deepscaler/test/testbed/app"
)

// Options control the extent of the evaluation.
type Options struct {
	// Applications by name, and the loads of the comparisons.
	Applications, Workloads []string
	// Autoscalers by name; the first is the reference.
	Autoscalers []string
	// Seeds of each comparison, Duration of a run, School that of the history that networks
	// learn from.
	Seeds            int
	Duration, School time.Duration
	// Patterns is how many of the nine weightings of Fig. 11 are run.
	Patterns int
	// Parts, unless nil, keeps finished parts, and Meter counts the work.
	Parts experiment.Parts
	Meter *experiment.Meter
}

// Defaults returns what make eval runs.
func Defaults() Options {
	return Options{
		Applications: app.Builtin(), Workloads: []string{"sequence:length=3m", "bursts:period=10m"}, Autoscalers: autoscalers(),
		Seeds: 5, Duration: 20 * time.Minute, School: 2 * time.Hour, Patterns: workload.Patterns,
	}
}

// autoscalers are those of Table II, those that are in use today, and variants of
// DeepScaler that show what its parts are worth. One that learns on the way has too little
// of it in such short runs.
func autoscalers() []string {
	return []string{
		"deepscaler", learned.Identity, learned.Calls, "hab", "hab-season", "mmn", "aws", "slo", "dcrnn", "tgcn",
		"hpa-cpu", "hpa-requests", "keda", "kapacity", "clairvoyant",
	}
}

// First seeds of runs and of history, far enough from each other.
const (
	testSeed   = 1
	schoolSeed = 1001
)

// longest bounds the virtual time of a run.
const longest = 7 * 24 * time.Hour

// enough is the share of violations in every seed with which the sweep of a knob ends.
const enough = 0.005

// Found is the result of an evaluation.
type Found struct {
	options Options
	// Comparison is Table II and Fig. 10, and holds what was learned for Fig. 12 and Table III.
	Comparison *experiment.Result
	patterns   []experiment.Learned
}

// Run evaluates.
func Run(ctx context.Context, o Options) (*Found, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	all, err := o.plan()
	if err != nil {
		return nil, err
	}
	mixes, err := o.mixes()
	if err != nil {
		return nil, err
	}
	learning, runs := all.Expect()
	mixing, _ := mixes.Expect()
	o.Meter.Expect(learning + runs + mixing)
	f := &Found{options: o}
	learned, err := all.Learn(ctx)
	if err != nil {
		return nil, err
	}
	if f.patterns, err = mixes.Learn(ctx); err != nil {
		return nil, fmt.Errorf("patterns of requests: %w", err)
	}
	if f.Comparison, err = all.Run(ctx, learned); err != nil {
		return nil, fmt.Errorf("compare autoscalers: %w", err)
	}
	f.Comparison.Command = o.command()
	f.Comparison.Tuned, err = experiment.Tune(f.Comparison.Runs)
	return f, err
}

func (o *Options) validate() error {
	var errs []error
	if o.Seeds < 2 {
		errs = append(errs, fmt.Errorf("--seeds is %d, want at least 2: autoscalers are tuned on the other seeds", o.Seeds))
	}
	for name, d := range map[string]time.Duration{"duration": o.Duration, "school": o.School} {
		if d <= 0 || d > longest {
			errs = append(errs, fmt.Errorf("--%s is %v, want more than 0 and at most %v", name, d, longest))
		}
	}
	if o.Patterns < 0 || o.Patterns > workload.Patterns {
		errs = append(errs, fmt.Errorf("--patterns is %d, want 0 to %d", o.Patterns, workload.Patterns))
	}
	for name, list := range map[string][]string{"app": o.Applications, "workload": o.Workloads, "autoscaler": o.Autoscalers} {
		if len(list) == 0 {
			errs = append(errs, fmt.Errorf("--%s is empty, want at least one", name))
		}
	}
	return errors.Join(errs...)
}

// plan compares all autoscalers for every application under every load.
func (o *Options) plan() (*experiment.Plan, error) {
	p := &experiment.Plan{Reference: o.Autoscalers[0], Enough: enough, Parts: o.Parts, Meter: o.Meter}
	for _, name := range o.Autoscalers {
		kind, err := autoscaler.Find(name)
		if err != nil {
			return nil, fmt.Errorf("--autoscaler: %w", err)
		}
		p.Autoscalers = append(p.Autoscalers, experiment.Candidate{Kind: kind, Settings: kind.Settings})
	}
	for _, name := range o.Applications {
		for _, load := range o.Workloads {
			for n := range o.Seeds {
				s, err := o.scene(name, load, testSeed+uint64(n))
				if err != nil {
					return nil, err
				}
				p.Scenes = append(p.Scenes, *s)
			}
		}
	}
	return p, nil
}

// mixes lets DeepScaler learn the graph of Online Boutique under every weighting.
func (o *Options) mixes() (*experiment.Plan, error) {
	kind, err := autoscaler.Find("deepscaler")
	if err != nil {
		return nil, err
	}
	p := &experiment.Plan{Autoscalers: []experiment.Candidate{{Kind: kind}}, Parts: o.Parts, Meter: o.Meter}
	for k := range o.Patterns {
		s, err := o.scene("online-boutique", fmt.Sprintf("sequence:length=3m,mix=%d", k+1), testSeed)
		if err != nil {
			return nil, err
		}
		p.Scenes = append(p.Scenes, *s)
	}
	return p, nil
}

// scene returns an application under a load with a seed.
func (o *Options) scene(name, load string, seed uint64) (*experiment.Scene, error) {
	a, err := app.Load(name)
	if err != nil {
		return nil, fmt.Errorf("--app: %w", err)
	}
	g, err := workload.Parse(load)
	if err != nil {
		return nil, fmt.Errorf("--workload: %w", err)
	}
	base, err := need.Base(a)
	if err != nil {
		return nil, err
	}
	c := loop.Defaults(a, nil, seed)
	c.Duration, c.StartSpread = o.Duration, 0.5
	s, err := experiment.NewScene(c, load, g, base, workload.Span{Seed: schoolSeed, Duration: o.School})
	return &s, err
}

// command reproduces everything.
func (o *Options) command() string {
	parts := []string{fmt.Sprintf("go run ./test/lab evaluate --app %s --seeds %d --duration %v --school %v --patterns %d",
		strings.Join(o.Applications, ","), o.Seeds, o.Duration, o.School, o.Patterns)}
	for _, w := range o.Workloads {
		parts = append(parts, "--workload "+w)
	}
	if !slices.Equal(o.Autoscalers, autoscalers()) {
		parts = append(parts, "--autoscaler "+strings.Join(o.Autoscalers, ","))
	}
	return strings.Join(parts, " ")
}
