// Package evaluation reproduces the tables and figures of §V of the paper in the lab.
package evaluation

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/deepscaler/deepscaler/test/lab/autoscaler"
	"github.com/deepscaler/deepscaler/test/lab/experiment"
	"github.com/deepscaler/deepscaler/test/lab/loop"
	"github.com/deepscaler/deepscaler/test/lab/need"
	"github.com/deepscaler/deepscaler/test/lab/workload"
	"github.com/deepscaler/deepscaler/test/testbed/app"
)

// Options control the extent of the evaluation.
type Options struct {
	// Applications by name, and the load of the comparisons.
	Applications []string
	Workload     string
	// Autoscalers by name; the first is the reference.
	Autoscalers []string
	// Seeds of each comparison, and as many others of its tuning, Duration of a run, School that of the history that networks
	// learn from.
	Seeds            int
	Duration, School time.Duration
	// Patterns is how many of the nine weightings of Fig. 11 are run.
	Patterns int
	// Log receives what is going on.
	Log io.Writer
}

// Defaults returns what make eval runs.
func Defaults() Options {
	return Options{
		Applications: app.Builtin(), Workload: "sequence",
		Autoscalers: []string{"deepscaler", "hab", "mmn", "aws", "slo", "hpa-cpu", "hpa-requests", "keda", "kapacity", "clairvoyant"},
		Seeds:       3, Duration: 30 * time.Minute, School: 3 * time.Hour, Patterns: 9,
	}
}

// First seeds of runs, of tuning and of history, far enough from each other.
const (
	testSeed   = 1
	tuneSeed   = 501
	schoolSeed = 1001
)

// Found is the result of an evaluation.
type Found struct {
	options Options
	// Comparisons of Table II and Fig. 10, by application, with the grids of the tuning.
	Comparisons []*experiment.Result
	grids       [][]experiment.Run
	patterns    []pattern
	accuracies  []accuracy
}

// Run evaluates.
func Run(ctx context.Context, o Options) (*Found, error) {
	f := &Found{options: o}
	for _, name := range o.Applications {
		fmt.Fprintf(o.Log, "Table II and Fig. 10: %s\n", name)
		result, grid, err := o.compare(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("compare autoscalers: %w", err)
		}
		f.Comparisons = append(f.Comparisons, result)
		f.grids = append(f.grids, grid)
	}
	var err error
	for _, name := range o.Applications {
		fmt.Fprintf(o.Log, "Fig. 12 and Table III: %s\n", name)
		var a []accuracy
		if a, err = o.accuracy(ctx, name); err != nil {
			return nil, fmt.Errorf("compare networks: %w", err)
		}
		f.accuracies = append(f.accuracies, a...)
	}
	if f.patterns, err = o.patterns(ctx); err != nil {
		return nil, fmt.Errorf("compare patterns of requests: %w", err)
	}
	return f, nil
}

// compare tunes every autoscaler for an application and runs it on other seeds.
func (o *Options) compare(ctx context.Context, name string) (*experiment.Result, []experiment.Run, error) {
	var p experiment.Plan
	for _, name := range o.Autoscalers {
		kind, err := autoscaler.Find(name)
		if err != nil {
			return nil, nil, err
		}
		p.Autoscalers = append(p.Autoscalers, experiment.Candidate{Kind: kind, Settings: kind.Settings})
	}
	p.Reference = o.Autoscalers[0]
	p.Progress = o.progress()
	var err error
	if p.Scenes, err = o.scenes(name, testSeed, o.Seeds, o.Duration); err != nil {
		return nil, nil, err
	}
	tuning, err := o.scenes(name, tuneSeed, o.Seeds, o.Duration)
	if err != nil {
		return nil, nil, err
	}
	tuned, grid, err := p.Tune(ctx, tuning)
	if err != nil {
		return nil, nil, err
	}
	result, err := tuned.Do(ctx)
	return result, grid, err
}

// scenes returns an application under the load for some seeds.
func (o *Options) scenes(name string, first uint64, seeds int, duration time.Duration) ([]experiment.Scene, error) {
	a, err := app.Load(name)
	if err != nil {
		return nil, err
	}
	g, err := workload.Parse(o.Workload)
	if err != nil {
		return nil, err
	}
	base, err := need.Base(a)
	if err != nil {
		return nil, err
	}
	var scenes []experiment.Scene
	for n := range seeds {
		c := loop.Defaults(a, nil, first+uint64(n))
		c.Duration, c.StartSpread = duration, 0.5
		s, err := experiment.NewScene(c, o.Workload, g, base, workload.Span{Seed: schoolSeed, Duration: o.School})
		if err != nil {
			return nil, err
		}
		scenes = append(scenes, s)
	}
	return scenes, nil
}

func (o *Options) progress() func(done, all int) {
	began := time.Now()
	return func(done, all int) {
		if done%10 == 0 || done == all {
			left := time.Duration(float64(time.Since(began)) / float64(done) * float64(all-done))
			fmt.Fprintf(o.Log, "  %d of %d runs, about %v left\n", done, all, left.Round(time.Second))
		}
	}
}

// Command returns the command that reproduces the result.
func (f *Found) Command() string { return f.options.command() }

// command reproduces everything.
func (o *Options) command() string {
	return fmt.Sprintf("go run ./test/lab evaluate --app %s --workload %s --seeds %d --duration %v --school %v --patterns %d",
		strings.Join(o.Applications, ","), o.Workload, o.Seeds, o.Duration, o.School, o.Patterns)
}
