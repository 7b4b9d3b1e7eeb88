package placement

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/placement"
	"github.com/deepscaler/deepscaler/test/lab/need"
	"github.com/deepscaler/deepscaler/test/testbed/app"
	"github.com/deepscaler/deepscaler/test/testbed/simulation"
)

// Experiment scales an application out and in under different schedulers.
type Experiment struct {
	Application *app.Application
	// Nodes is their number by zone, each with MilliCPU and Memory in bytes.
	Nodes            []int
	MilliCPU, Memory int64
	// Weight is that of our plugin beside those of the default profile.
	Weight float64
	// Trips are the round trips in seconds by distance.
	Trips [3]float64
	// Pods is how many all services have together after scaling out; the load follows
	// from it, at 60 % of the CPU limit.
	Pods int
	// Removals is the least number of pods that scale-ins take away before the second
	// measurement.
	Removals int
	// Seconds is the virtual time of a measurement; 0 measures nothing, so that only what is
	// expected remains.
	Seconds int
}

// Defaults returns the experiment of docs/placement.md.
func Defaults(a *app.Application) Experiment {
	return Experiment{
		Application: a, Nodes: []int{3, 3, 3}, Weight: Weight, MilliCPU: 1000, Memory: 4 << 30,
		Trips: [3]float64{0.05e-3, 0.3e-3, 1e-3}, Pods: 40, Removals: 50, Seconds: 315,
	}
}

// Row is one scheduler at one moment.
type Row struct {
	Scheduler string
	Routing   simulation.Routing
	// Removed is the number of pods taken away before.
	Removed int
	// Largest is the share of all pods that one zone holds.
	Largest  float64
	Expected Expected
	Measured Measured
}

// busiest is the utilisation of a zone that the bound does not exceed either way.
const busiest = 0.8

// Scene is the load of an experiment.
type Scene struct {
	*Experiment
	Load Load
	// Calls are the same, as the adapter serves them.
	Calls []estimator.Call
	// Many are the replicas of each service after scaling out.
	Many []int

	weights []float64
	rps     float64
}

// Scene finds the load at which the services need Pods together.
func (e *Experiment) Scene() (*Scene, error) {
	weights, err := e.Application.Users.Mix(app.DefaultMix)
	if err != nil {
		return nil, err
	}
	work, err := need.Expect(e.Application, weights)
	if err != nil {
		return nil, err
	}
	visits, err := e.Application.Visits(weights)
	if err != nil {
		return nil, err
	}
	s := &Scene{Experiment: e, weights: weights}
	for s.rps = 1; ; s.rps++ {
		replicas, total := make([]int, len(work.Busy)), 0
		for i, busy := range work.Busy {
			replicas[i] = max(1, int(math.Ceil(busy*s.rps/0.6)))
			total += replicas[i]
		}
		if total > e.Pods {
			break
		}
		s.Many = replicas
	}
	s.rps--
	if s.Many == nil {
		return nil, fmt.Errorf("%s has %d services, want at least as many pods, not %d", e.Application.Name, len(work.Busy), e.Pods)
	}
	n := len(work.Busy)
	s.Load = Load{Outside: make([]float64, n), Edges: matrix(n, n), Busy: make([]float64, n), Limit: make([]float64, n)}
	rate := s.rps / visits.Requests
	for i := range n {
		s.Load.Busy[i], s.Load.Limit[i] = work.Busy[i]*s.rps, 1
		s.Load.Outside[i] = visits.Services[i] * rate
		for j := range n {
			s.Load.Edges[i][j] = visits.Edges[i][j] * rate
			if s.Load.Edges[i][j] > 0 {
				s.Calls = append(s.Calls, estimator.Call{Source: i, Destination: j, Rate: s.Load.Edges[i][j]})
			}
		}
	}
	for j := range n {
		for i := range n {
			s.Load.Outside[j] -= s.Load.Edges[i][j]
		}
		if s.Load.Outside[j] > 1e-9*s.rps {
			s.Calls = append(s.Calls, estimator.Call{Source: estimator.Outside, Destination: j, Rate: s.Load.Outside[j]})
		} else {
			s.Load.Outside[j] = 0
		}
	}
	return s, nil
}

// Cluster returns the nodes, without pods.
func (s *Scene) Cluster() *Cluster {
	c := &Cluster{}
	for zone, nodes := range s.Nodes {
		for range nodes {
			c.Zones = append(c.Zones, zone)
			c.Capacity = append(c.Capacity, placement.Resources{MilliCPU: s.MilliCPU, Memory: s.Memory, Pods: 110})
		}
	}
	for i := range s.Application.Services {
		r := s.Application.Services[i].Resources.Requests
		c.Requests = append(c.Requests, placement.Resources{MilliCPU: int64(float64(r.CPU)*1000 + 0.5), Memory: int64(r.Memory), Pods: 1})
	}
	return c
}

// Do runs every scheduler with one seed.
func (e *Experiment) Do(ctx context.Context, seed uint64) ([]Row, error) {
	s, err := e.Scene()
	if err != nil {
		return nil, err
	}
	var needed []float64
	schedulers := append([]Scheduler{Default()}, Others(s.Load.Edges)...)
	schedulers = append(schedulers, DeepScaler(s.Calls, &needed, e.Weight)...)
	var rows []Row
	var bounded [2]*Cluster
	var before [2]int // pods removed
	for _, scheduler := range schedulers {
		random := rand.New(rand.NewPCG(seed, 0))
		c := s.Cluster()
		scale := func(want []int) (int, error) {
			// Costs of pods are those from before a scale-in.
			needed = needed[:0]
			for service, n := range want {
				needed = append(needed, float64(max(n, len(c.Of(service)))))
			}
			return scheduler.Scale(c, want, random)
		}
		removed := 0
		few := s.times(0)
		for moment, wants := range [2][][]int{{few, s.Many}, s.cycles()} {
			for _, want := range wants {
				n, err := scale(want)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", scheduler.Name, err)
				}
				removed += n
			}
			measured, err := s.measure(ctx, scheduler.Name, c, removed, seed)
			if err != nil {
				return nil, err
			}
			rows = append(rows, measured...)
			if scheduler.Name == "default" {
				before[moment] = removed
				bounded[moment] = Bound(c, &s.Load, s.Trips, min(busiest, Expect(c, &s.Load).Worst))
			}
		}
	}
	for moment, c := range bounded {
		measured, err := s.measure(ctx, "bound", c, before[moment], seed)
		if err != nil {
			return nil, err
		}
		rows = append(rows, measured...)
	}
	return rows, nil
}

// times returns the replicas at a multiple of the load.
func (s *Scene) times(load float64) []int {
	out := make([]int, len(s.Many))
	for i, n := range s.Many {
		out[i] = max(1, int(math.Ceil(float64(n)*load)))
	}
	return out
}

// cycles scales out by half and in again until enough pods were removed.
func (s *Scene) cycles() (wants [][]int) {
	more, removed := s.times(1.5), 0
	for removed < s.Removals {
		for i, n := range more {
			removed += n - s.Many[i]
		}
		wants = append(wants, more, s.Many)
	}
	return wants
}

// measure runs the pods under the routing; the default scheduler is also run without any.
func (s *Scene) measure(ctx context.Context, name string, c *Cluster, removed int, seed uint64) (rows []Row, err error) {
	routings := []simulation.Routing{simulation.PreferSameZone, simulation.PreferSameNode}
	if name == "default" {
		routings = append([]simulation.Routing{simulation.Anywhere}, routings...)
	}
	for _, routing := range routings {
		r := Row{Scheduler: name, Routing: routing, Removed: removed, Largest: c.largest(), Expected: Expect(c, &s.Load)}
		if s.Seconds == 0 {
			rows = append(rows, r)
			continue
		}
		if r.Measured, err = Run(ctx, s.Application, s.weights, c, simulation.Network{RoundTrip: s.Trips, Routing: routing}, s.rps, s.Seconds, seed); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		rows = append(rows, r)
	}
	return rows, nil
}
