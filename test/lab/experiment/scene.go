package experiment

import (
	"fmt"
	"time"

	"github.com/deepscaler/deepscaler/test/lab/loop"
	"github.com/deepscaler/deepscaler/test/lab/need"
	"github.com/deepscaler/deepscaler/test/lab/workload"
)

// Scene is one application under one load with one seed.
type Scene struct {
	Config loop.Config
	// Generator, Base and Span are what the load was made from.
	Generator *workload.Generator
	Base      float64
	Span      workload.Span
	// School is the part of the same kind of load that learned autoscalers learn from.
	School workload.Span

	calls float64 // of all services for one request of users
}

// work returns about how much work some time of the scene is, in calls.
func (s *Scene) work(d time.Duration) float64 { return s.Config.Load.Mean() * s.calls * d.Seconds() }

// run returns the work of one run.
func (s *Scene) run() float64 { return s.work(s.Config.Warmup + s.Config.Duration) }

// NewScene returns a scene of a configuration without a load, which a generator makes
// around a base in requests per second, and is called by a name. A file has no other
// seed to learn from, so its school is another part of it, if it is long enough.
func NewScene(c loop.Config, name string, g *workload.Generator, base float64, school workload.Span) (Scene, error) {
	s := Scene{Generator: g, Base: base, Span: workload.Span{Seed: c.Seed, Duration: c.Warmup + c.Duration}, School: school}
	var err error
	if c.Load, err = g.Make(c.Application, base, s.Span); err != nil {
		return s, err
	}
	c.Load.Name = name
	// A file may be too short for autoscalers that learn; they refuse.
	if other, err := g.Training(s.Span); err == nil {
		if c.Past, err = g.Make(c.Application, base, other); err != nil {
			return s, err
		}
		if g.CheckApart(school, s.Span) != nil {
			s.School = other
		}
	}
	if err := c.Validate(); err != nil {
		return s, fmt.Errorf("%s under %s: %w", c.Application.Name, name, err)
	}
	s.Config = c
	work, err := need.Expect(c.Application, c.Load.Weights)
	for _, v := range work.Visits {
		s.calls += v
	}
	return s, err
}
