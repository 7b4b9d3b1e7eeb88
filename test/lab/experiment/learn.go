package experiment

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/learner/train"
	"github.com/deepscaler/deepscaler/test/lab/autoscaler"
	"github.com/deepscaler/deepscaler/test/lab/dependency"
	"github.com/deepscaler/deepscaler/test/lab/learned"
)

// Learned is what an autoscaler learned for an application under a load.
type Learned struct {
	Application, Workload, Autoscaler string
	Model                             *artifact.Model
	Report                            *train.Report
	// Trials are the hyperparameters that were tried.
	Trials []learned.Trial
	// Estimate is the time that one estimate takes.
	Estimate time.Duration
	// Dependencies compares the affinity matrix with the relations in the history.
	Dependencies dependency.Comparison
}

// teacher is the autoscaler that manages the application during the history: that of most
// users before DeepScaler.
const teacher = "hpa-cpu"

// pupil is an autoscaler that learns for an application under a load.
type pupil struct {
	scene *Scene
	kind  *autoscaler.Kind
	key   any
	kept  *kept // nil until it has learned
}

// Learn lets every autoscaler that learns do so, once for each application and load, on
// other days than all seeds are tested on. Histories are made in parallel. Networks are
// trained one after the other, each with all processors, which shows what each costs.
func (p *Plan) Learn(ctx context.Context) ([]Learned, error) {
	pupils, err := p.pupils()
	if err != nil {
		return nil, err
	}
	lessons, err := p.lessons(ctx, pupils)
	if err != nil {
		return nil, err
	}
	var all []Learned
	for i := range pupils {
		u := &pupils[i]
		c := &u.scene.Config
		if u.kept == nil {
			if u.kept, err = teach(ctx, lessons[u.scene], u.kind); err != nil {
				return nil, fmt.Errorf("%s for %s under %s: %w", u.kind.Name, c.Application.Name, c.Load.Name, err)
			}
			if p.Parts != nil {
				if err := p.Parts.Keep(u.key, *u.kept); err != nil {
					return nil, err
				}
			}
			p.Meter.Done(u.scene.lesson())
		}
		l, err := u.kept.open()
		if err != nil {
			return nil, err
		}
		l.Application, l.Workload, l.Autoscaler = c.Application.Name, c.Load.Name, u.kind.Name
		all = append(all, *l)
	}
	return all, nil
}

// pupils returns the autoscalers that learn, with what is kept from an earlier time.
func (p *Plan) pupils() ([]pupil, error) {
	var all []pupil
	for i := range p.Scenes {
		s := &p.Scenes[i]
		for j := range p.Autoscalers {
			a := &p.Autoscalers[j].Kind
			if !a.Learns() {
				continue
			}
			if err := s.Generator.CheckApart(s.School, s.Span); err != nil {
				return nil, fmt.Errorf("%s learns: %w", a.Name, err)
			}
			if !p.first(i) {
				continue
			}
			name, err := s.fingerprint()
			if err != nil {
				return nil, err
			}
			u := pupil{scene: s, kind: a, key: []string{"learned", name, a.Name}}
			if p.Parts != nil {
				var k kept
				known, err := p.Parts.Recall(u.key, &k)
				if err != nil {
					return nil, err
				}
				if known {
					u.kept = &k
					p.Meter.Skip(s.lesson())
				}
			}
			all = append(all, u)
		}
	}
	return all, nil
}

// lessons makes the histories that pupils have yet to learn from.
func (p *Plan) lessons(ctx context.Context, pupils []pupil) (map[*Scene]*learned.Lesson, error) {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	var mu sync.Mutex
	all := map[*Scene]*learned.Lesson{}
	for i, u := range pupils {
		if i > 0 && pupils[i-1].scene == u.scene {
			continue
		}
		if !slices.ContainsFunc(pupils, func(o pupil) bool { return o.scene == u.scene && o.kept == nil }) {
			p.Meter.Skip(u.scene.lesson())
			continue
		}
		g.Go(func() error {
			l, err := Lesson(ctx, u.scene)
			mu.Lock()
			all[u.scene] = l
			mu.Unlock()
			p.Meter.Done(u.scene.lesson())
			return err
		})
	}
	return all, g.Wait()
}

// lesson returns the work of making the history for a scene. Training a network takes
// about as much again.
func (s *Scene) lesson() float64 { return s.work(s.School.Duration) }

// kept is what an autoscaler learned in the form in which it is kept.
type kept struct {
	Model, Report []byte
	Trials        []learned.Trial
	Estimate      time.Duration
	Dependencies  dependency.Comparison
}

// teach lets an autoscaler learn from a lesson.
func teach(ctx context.Context, l *learned.Lesson, a *autoscaler.Kind) (*kept, error) {
	taught, err := a.Learn(ctx, l)
	if err != nil {
		return nil, err
	}
	var model bytes.Buffer
	if err := artifact.Write(&model, taught.Model); err != nil {
		return nil, err
	}
	report, err := json.Marshal(taught.Report)
	if err != nil {
		return nil, fmt.Errorf("keep the report: %w", err)
	}
	took, err := l.Estimate(ctx, taught.Model)
	if err != nil {
		return nil, err
	}
	return &kept{
		Model: model.Bytes(), Report: report, Trials: taught.Trials, Estimate: took,
		Dependencies: dependency.Compare(l.History, l.Edges, taught.Model.Affinity),
	}, nil
}

func (k *kept) open() (*Learned, error) {
	l := &Learned{Report: new(train.Report), Trials: k.Trials, Estimate: k.Estimate, Dependencies: k.Dependencies}
	var err error
	if l.Model, err = artifact.Read(bytes.NewReader(k.Model)); err != nil {
		return nil, fmt.Errorf("read what was learned: %w", err)
	}
	if err := json.Unmarshal(k.Report, l.Report); err != nil {
		return nil, fmt.Errorf("read what was learned: %w", err)
	}
	return l, nil
}

// Lesson makes the history that an application leaves under the same kind of load as in a
// scene, at another time.
func Lesson(ctx context.Context, s *Scene) (*learned.Lesson, error) {
	if err := s.Generator.CheckApart(s.School, s.Span); err != nil {
		return nil, fmt.Errorf("learn: %w", err)
	}
	c := s.Config
	if s.School.Duration < c.Warmup+c.Step {
		return nil, fmt.Errorf("learn: %v of history are less than the warm-up of %v and a step", s.School.Duration, c.Warmup)
	}
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
