package experiment

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/test/lab/autoscaler"
	"github.com/deepscaler/deepscaler/test/lab/learned"
)

// modelKey names what was learned.
type modelKey struct{ application, workload, autoscaler string }

// teacher is the autoscaler that manages the application during the history: that of most
// users before DeepScaler.
const teacher = "hpa-cpu"

// learn lets every autoscaler that learns do so, once for each application and
// load, on other days than all seeds are tested on.
func (p *Plan) learn(ctx context.Context) (map[modelKey]*artifact.Model, error) {
	models := map[modelKey]*artifact.Model{}
	type task struct {
		lesson *learned.Lesson
		kind   *autoscaler.Kind
		key    modelKey
	}
	var tasks []task
	lessons := map[[2]string]*learned.Lesson{}
	for i := range p.Autoscalers {
		a := &p.Autoscalers[i]
		if !a.Learns() {
			continue
		}
		for j := range p.Scenes {
			s := &p.Scenes[j]
			if err := s.Generator.CheckApart(s.School, s.Span); err != nil {
				return nil, fmt.Errorf("%s learns: %w", a.Name, err)
			}
			c := &s.Config
			name := [2]string{c.Application.Name, c.Load.Name}
			if lessons[name] == nil {
				var err error
				if lessons[name], err = Lesson(ctx, s); err != nil {
					return nil, err
				}
			}
			key := modelKey{c.Application.Name, c.Load.Name, a.Name}
			if _, known := models[key]; !known {
				models[key] = nil
				tasks = append(tasks, task{lessons[name], &a.Kind, key})
			}
		}
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	var mu sync.Mutex
	for _, t := range tasks {
		g.Go(func() error {
			taught, err := t.kind.Learn(ctx, t.lesson)
			if err != nil {
				return fmt.Errorf("%s for %s under %s: %w", t.key.autoscaler, t.key.application, t.key.workload, err)
			}
			mu.Lock()
			defer mu.Unlock()
			models[t.key] = taught.Model
			return nil
		})
	}
	return models, g.Wait()
}

// graphs returns what networks learned, in the order
// of the plan.
func (p *Plan) graphs(models map[modelKey]*artifact.Model) []Graph {
	var all []Graph
	for i := range p.Scenes {
		c := &p.Scenes[i].Config
		if i > 0 && sameLoad(&p.Scenes[i-1].Config, c) {
			continue
		}
		for j := range p.Autoscalers {
			a := &p.Autoscalers[j]
			m := models[modelKey{c.Application.Name, c.Load.Name, a.Name}]
			if m == nil || m.Kind != artifact.KindDeepScaler {
				continue
			}
			all = append(all, Graph{c.Application.Name, c.Load.Name, a.Name, m.Services, m.Affinity})
		}
	}
	return all
}

// Lesson makes the history that an application leaves under the same kind of load as in a
// scene, at another time.
func Lesson(ctx context.Context, s *Scene) (*learned.Lesson, error) {
	if err := s.Generator.CheckApart(s.School, s.Span); err != nil {
		return nil, fmt.Errorf("learn: %w", err)
	}
	c := s.Config
	c.Seed = s.School.Seed
	c.Duration = (s.School.Duration - c.Warmup).Truncate(c.Step)
	load, err := s.Generator.Make(c.Application, s.Base, s.School)
	if err != nil {
		return nil, fmt.Errorf("make history: %w", err)
	}
	load.Name, c.Load = c.Load.Name, load
	kind, err := autoscaler.Find(teacher)
	if err != nil {
		return nil, err
	}
	scaler, err := kind.New(autoscaler.Surroundings{Config: &c}, kind.Usual)
	if err != nil {
		return nil, err
	}
	replicas := make([]int, len(c.Application.Services))
	for i := range replicas {
		replicas[i] = c.Application.Services[i].Replicas
	}
	return learned.Take(ctx, c, scaler, replicas)
}
