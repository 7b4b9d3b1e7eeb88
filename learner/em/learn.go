package em

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/deepscaler/deepscaler/estimator/gnn"
	"github.com/deepscaler/deepscaler/estimator/graph"
	"github.com/deepscaler/deepscaler/learner/autodiff"
)

// Graph is a member of the set 𝒜.
type Graph struct {
	// Name says where it comes from, "invocation" or "learned 3".
	Name string
	// Affinity is normalised, N×N.
	Affinity []float32
	// Loss is its validation loss under the network of the last iteration.
	Loss float64
}

// Result is what learning found: the pair of parameters and affinity matrix with
// the lowest validation loss.
type Result struct {
	// Affinity is the matrix that the network, whose parameters are left in the
	// model, is to be used with.
	Affinity []float32
	// Graphs is the set 𝒜 at the end.
	Graphs []Graph
	// Shares has a factor of each output, found on the validation samples, by which
	// it is to be multiplied.
	Shares []float64
	// Validation is the loss of the pair on the validation samples, before the
	// outputs are multiplied by their shares.
	Validation float64
	// History has one entry per epoch.
	History []Epoch
}

// Epoch is one pass over the training samples, as told to [Progress].
type Epoch struct {
	Iteration int `json:"iteration"`
	// Phase is "policy" or "graph".
	Phase string `json:"phase"`
	Epoch int    `json:"epoch"`
	// Training is the mean loss over the batches, Validation that over the
	// validation samples after the epoch.
	Training   float64 `json:"training"`
	Validation float64 `json:"validation"`
}

// Progress hears of every epoch. done and total count epochs of both phases.
type Progress func(e Epoch, done, total int)

// Problem is what there is to learn from.
type Problem struct {
	// Training and Validation samples.
	Training, Validation Samples
	// Graphs are the initial graphs, each N×N with weights of at least 0 and
	// without self-loops: the invocation graph, if known.
	Graphs []Graph
	// Weights, unless nil, is a factor of the loss per service, for labels that
	// are in different units.
	Weights []float32
}

// session is one run of Algorithm 2.
type session struct {
	config   Config
	problem  Problem
	model    gnn.Model[float32]
	rng      *rand.Rand
	progress Progress

	services    int
	affinity    []float32 // A_old
	set         []Graph
	solver      *autodiff.Adam
	best        best
	history     []Epoch
	done, total int
	policyDone  int
}

// best is the pair (P, A) with the lowest validation loss so far.
type best struct {
	loss       float64
	affinity   []float32
	parameters [][]float32
}

// Learn runs Algorithm 2 on a model, which it starts from as it is and leaves at
// the best parameters found; the affinity matrix that belongs to them is in the
// result. progress may be nil.
//
// When ctx ends, Learn returns its error, and the parameters of the model are
// the best of those so far.
func Learn(ctx context.Context, m gnn.Model[float32], p Problem, c Config, progress Progress) (*Result, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("configuration of learning: %w", err)
	}
	if p.Training.Len() == 0 || p.Validation.Len() == 0 {
		return nil, fmt.Errorf("%d training and %d validation samples, want at least one of each", p.Training.Len(), p.Validation.Len())
	}
	if progress == nil {
		progress = func(Epoch, int, int) {}
	}
	s := &session{
		config: c, problem: p, model: m, progress: progress,
		rng:      rand.New(rand.NewPCG(c.Seed, 0x6465657073636c72)),
		services: m.Config().Services,
		solver:   &autodiff.Adam{Rate: c.Rate, Decay: c.Decay, Clip: c.Clip},
		best:     best{loss: math.Inf(1)},
		total:    c.Iterations * c.Epochs,
	}
	if c.GraphEpochs > 0 {
		s.total += c.Iterations * c.GraphEpochs
	}
	if err := s.start(); err != nil {
		return nil, err
	}
	err := s.run(ctx)
	s.best.restore(m)
	if err != nil {
		return nil, err
	}
	shares, err := s.calibrate(ctx)
	if err != nil {
		return nil, fmt.Errorf("calibrate: %w", err)
	}
	return &Result{Affinity: s.best.affinity, Graphs: s.set, Shares: shares, Validation: s.best.loss, History: s.history}, nil
}

// start fills 𝒜 with the initial graphs and A with their union (line 1, Eq. 3).
func (s *session) start() error {
	n := s.services
	var raw [][]float32
	for _, g := range s.problem.Graphs {
		if len(g.Affinity) != n*n {
			return fmt.Errorf("graph %q has %d entries, want %d for %d services", g.Name, len(g.Affinity), n*n, n)
		}
		for i, v := range g.Affinity {
			if !(v >= 0) || math.IsInf(float64(v), 0) {
				return fmt.Errorf("graph %q has the weight %v from service %d to %d, want a finite one of at least 0", g.Name, v, i/n, i%n)
			}
		}
		raw = append(raw, g.Affinity)
		s.set = append(s.set, Graph{Name: g.Name, Affinity: graph.WithSelfLoops(g.Affinity, n)})
	}
	s.affinity = graph.Union(raw, n)
	if len(s.set) == 0 {
		s.set = append(s.set, Graph{Name: "identity", Affinity: slices.Clone(s.affinity)})
	}
	return nil
}

func (s *session) run(ctx context.Context) (err error) {
	policy, err := autodiff.NewPolicy(s.model, s.objective())
	if err != nil {
		return fmt.Errorf("compile policy learning: %w", err)
	}
	defer func() { err = errors.Join(err, policy.Close()) }()
	for iteration := 1; iteration <= s.config.Iterations; iteration++ {
		if err := s.learnPolicy(ctx, policy, iteration); err != nil {
			return fmt.Errorf("policy learning, iteration %d: %w", iteration, err)
		}
		if s.config.GraphEpochs == 0 {
			continue
		}
		if err := s.learnGraph(ctx, iteration); err != nil {
			return fmt.Errorf("graph learning, iteration %d: %w", iteration, err)
		}
		if err := s.updateGraphs(ctx); err != nil {
			return fmt.Errorf("graph updating, iteration %d: %w", iteration, err)
		}
	}
	if math.IsInf(s.best.loss, 1) {
		return errors.New("no epoch was finished")
	}
	return nil
}

func (s *session) objective() autodiff.Objective {
	return autodiff.Objective{
		Batch:    min(s.config.Batch, s.problem.Training.Len()),
		Quantile: float32(s.config.Quantile),
		Weights:  s.problem.Weights,
		Workers:  s.config.Workers,
	}
}

// keep remembers the model's parameters with an affinity matrix when they are
// the best so far, and reports whether they are.
func (b *best) keep(m gnn.Model[float32], affinity []float32, loss float64) bool {
	if loss >= b.loss {
		return false
	}
	b.loss, b.affinity = loss, slices.Clone(affinity)
	b.parameters = b.parameters[:0]
	for _, p := range m.Parameters() {
		b.parameters = append(b.parameters, slices.Clone(p.Data))
	}
	return true
}

func (b *best) restore(m gnn.Model[float32]) {
	for i, data := range b.parameters {
		copy(m.Parameters()[i].Data, data)
	}
	m.Refresh()
}

// report tells of a finished epoch.
func (s *session) report(e Epoch) {
	s.done++
	s.history = append(s.history, e)
	s.progress(e, s.done, s.total)
}
