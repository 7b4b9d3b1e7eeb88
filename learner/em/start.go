package em

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/deepscaler/deepscaler/estimator/graph"
)

// start fills 𝒜 with the initial graphs and A with their union (line 1, Eq. 3), or
// takes 𝒜 and A of the parent.
func (s *session) start() error {
	n := s.services
	s.initial = make([]float32, n*n)
	var raw [][]float32
	for _, g := range s.problem.Graphs {
		if err := checkGraph(g, n); err != nil {
			return err
		}
		raw = append(raw, g.Affinity)
		for i, v := range g.Affinity {
			if i/n != i%n && v > 0 {
				s.initial[i] = 1
			}
		}
		s.set = append(s.set, Graph{Name: g.Name, Affinity: graph.WithSelfLoops(g.Affinity, n)})
	}
	if d := s.problem.Dependent; d != nil {
		if err := checkGraph(Graph{Name: "of dependent pairs", Affinity: d}, n); err != nil {
			return err
		}
	}
	s.affinity = graph.Union(raw, n)
	if s.problem.Parent != nil {
		return s.inherit(*s.problem.Parent)
	}
	if len(s.set) == 0 {
		s.set = append(s.set, Graph{Name: "identity", Affinity: slices.Clone(s.affinity)})
	}
	return nil
}

// inherit adds the graphs of the parent to 𝒜 and goes on with its affinity matrix. Where
// no graph is learned, initial graphs stay what training begins with.
func (s *session) inherit(p Parent) error {
	n := s.services
	if err := checkGraph(Graph{Name: "of the parent", Affinity: p.Affinity}, n); err != nil {
		return err
	}
	initial := s.set
	for _, g := range p.Graphs {
		if err := checkGraph(g, n); err != nil {
			return err
		}
		var number int
		if _, err := fmt.Sscanf(g.Name, learnedName, &number); err == nil {
			s.learned = max(s.learned, number)
		}
		if !slices.ContainsFunc(initial, func(i Graph) bool { return i.Name == g.Name }) {
			s.set = append(s.set, g)
		}
	}
	if s.config.GraphEpochs == 0 && len(initial) > 0 {
		return nil
	}
	union := s.affinity
	s.affinity = slices.Clone(p.Affinity)
	for i := range n {
		if slices.Max(p.Affinity[i*n:(i+1)*n]) > 0 {
			continue
		}
		for j := range n {
			s.affinity[i*n+j] = union[i*n+j]
			s.affinity[j*n+i] = union[j*n+i]
		}
	}
	return nil
}

func checkGraph(g Graph, n int) error {
	if len(g.Affinity) != n*n {
		return fmt.Errorf("graph %q has %d entries, want %d for %d services", g.Name, len(g.Affinity), n*n, n)
	}
	for i, v := range g.Affinity {
		if !(v >= 0) || math.IsInf(float64(v), 0) {
			return fmt.Errorf("graph %q has the weight %v from service %d to %d, want a finite one of at least 0", g.Name, v, i/n, i%n)
		}
	}
	return nil
}

// scoreParent makes the parent the pair to beat.
func (s *session) scoreParent(ctx context.Context) error {
	a := s.problem.Parent.Affinity
	loss, err := s.validate(ctx, a)
	if err != nil {
		return err
	}
	s.best.keep(s.model, a, loss)
	return nil
}

const learnedName = "learned %d"

// nextName returns a name for a learned graph that no graph of the parent has.
func (s *session) nextName() string {
	s.learned++
	return fmt.Sprintf(learnedName, s.learned)
}
