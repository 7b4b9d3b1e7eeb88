package experiment

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/deepscaler/deepscaler/test/lab/autoscaler"
	"github.com/deepscaler/deepscaler/test/lab/loop"
	"github.com/deepscaler/deepscaler/test/lab/need"
)

// sweep is one autoscaler with all settings of its knob under one load, with all seeds.
type sweep struct {
	candidate *Candidate
	scenes    []*Scene
	around    []autoscaler.Surroundings
	finished  []finished // in the order of seeds and settings
}

// finished is a run with its trace, which only the first seed has: one is enough to look at.
type finished struct {
	Run   Run
	Trace *Trace
}

// sweeps returns those of all loads and autoscalers.
func (p *Plan) sweeps(futures []*need.Future, known []Learned) []sweep {
	var all []sweep
	for i := 0; i < len(p.Scenes); {
		end := i + 1
		for end < len(p.Scenes) && !p.first(end) {
			end++
		}
		for a := range p.Autoscalers {
			w := sweep{candidate: &p.Autoscalers[a]}
			for k := i; k < end; k++ {
				s := &p.Scenes[k]
				around := autoscaler.Surroundings{Config: &s.Config, Future: futures[k]}
				for j := range known {
					if l := &known[j]; l.Application == s.Config.Application.Name && l.Workload == s.Config.Load.Name && l.Autoscaler == w.candidate.Name {
						around.Model = l.Model
					}
				}
				w.scenes, w.around = append(w.scenes, s), append(w.around, around)
			}
			all = append(all, w)
		}
		i = end
	}
	return all
}

// do runs the settings one after the other until one is enough, and the seeds of each in
// parallel, each with a processor.
func (w *sweep) do(ctx context.Context, p *Plan, processors chan struct{}) error {
	bySetting := make([][]finished, 0, len(w.candidate.Settings))
	for i, knob := range w.candidate.Settings {
		done := make([]finished, len(w.scenes))
		g, ctx := errgroup.WithContext(ctx)
		for k := range w.scenes {
			g.Go(func() (err error) {
				select {
				case processors <- struct{}{}:
				case <-ctx.Done():
					return ctx.Err()
				}
				done[k], err = w.run(ctx, p, k, knob)
				<-processors
				return err
			})
		}
		if err := g.Wait(); err != nil {
			return err
		}
		bySetting = append(bySetting, done)
		worst := 0.0
		for _, f := range done {
			worst = max(worst, f.Run.Violations)
		}
		if p.Enough > 0 && worst <= p.Enough {
			for _, s := range w.scenes {
				p.Meter.Skip(s.run() * float64(len(w.candidate.Settings)-i-1))
			}
			break
		}
	}
	for k := range w.scenes {
		for _, done := range bySetting {
			w.finished = append(w.finished, done[k])
		}
	}
	return nil
}

// run runs one seed with one setting, unless it was run at an earlier time.
func (w *sweep) run(ctx context.Context, p *Plan, k int, knob float64) (finished, error) {
	s, around := w.scenes[k], w.around[k]
	r := Run{
		Application: s.Config.Application.Name, Workload: s.Config.Load.Name,
		Autoscaler: w.candidate.Name, Knob: knob, Seed: s.Config.Seed,
	}
	key, err := w.key(k, knob)
	if err != nil {
		return finished{}, err
	}
	f, recalled, err := recall(p.Parts, key, func() (finished, error) {
		trace, err := r.do(ctx, &w.candidate.Kind, around, k == 0)
		return finished{r, trace}, err
	})
	if err != nil {
		return f, fmt.Errorf("%s under %s, %s with %v, seed %d: %w", r.Application, r.Workload, r.Autoscaler, r.Knob, r.Seed, err)
	}
	if recalled {
		p.Meter.Skip(s.run())
	} else {
		p.Meter.Done(s.run())
	}
	return f, nil
}

// key names a run.
func (w *sweep) key(k int, knob float64) (any, error) {
	s, around := w.scenes[k], w.around[k]
	name, err := s.fingerprint()
	if err != nil {
		return nil, err
	}
	low, high := around.Future.Measured().Range()
	model := w.candidate.Version
	if around.Model != nil {
		model = around.Model.Hash()
	}
	return struct {
		Part, Scene, Autoscaler, Model string
		Knob, Low, High                float64
		Traced                         bool
	}{"run", name, w.candidate.Name, model, knob, low, high, k == 0}, nil
}

// do runs it, and returns its trace if there is to be one.
func (r *Run) do(ctx context.Context, k *autoscaler.Kind, s autoscaler.Surroundings, traced bool) (*Trace, error) {
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
	if !traced {
		return nil, nil
	}
	t := r.trace(c, record, future)
	return &t, nil
}
