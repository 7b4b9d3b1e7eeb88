package em

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/deepscaler/deepscaler/estimator/gnn"
	"github.com/deepscaler/deepscaler/learner/autodiff"
)

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
	initial     []float32 // edges of the initial graphs, N×N
	proposed    []float32 // candidates, N×N
	related     []float32 // candidates that follow time and pairs whose load depends on each other, N×N
	learned     int       // the number of the last learned graph
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

// Learn runs Algorithm 2 on a model. It starts from the model's parameters and
// sets them to the best ones found; the result has the affinity matrix for them.
// progress may be nil.
//
// When ctx ends, Learn returns its error, and the model has the best parameters
// so far.
func Learn(ctx context.Context, m gnn.Model[float32], p Problem, c Config, progress Progress) (*Result, error) {
	s, err := newSession(m, p, c, progress)
	if err != nil {
		return nil, err
	}
	result := &Result{ParentValidation: math.NaN()}
	if p.Parent != nil {
		if err := s.scoreParent(ctx); err != nil {
			return nil, fmt.Errorf("score the parent: %w", err)
		}
		result.ParentValidation = s.best.loss
	}
	err = s.run(ctx)
	restore(m, s.best.parameters)
	if err != nil {
		return nil, err
	}
	result.KeptParent = s.best.loss == result.ParentValidation
	if s.config.GraphEpochs > 0 && !result.KeptParent {
		lossOf := func(affinity []float32) (float64, error) { return s.validate(ctx, affinity) }
		if err := s.putBack(result.ParentValidation, lossOf); err != nil {
			return nil, fmt.Errorf("put edges back: %w", err)
		}
	}
	// The losses of the last iteration belong to other parameters.
	if err := s.scoreGraphs(ctx); err != nil {
		return nil, fmt.Errorf("score the graphs: %w", err)
	}
	if result.Shares, result.Offsets, err = s.calibration(ctx); err != nil {
		return nil, fmt.Errorf("calibrate: %w", err)
	}
	result.Affinity, result.Graphs, result.Validation, result.History = s.best.affinity, s.set, s.best.loss, s.history
	return result, nil
}

// newSession checks what there is to learn and starts from the initial graphs.
func newSession(m gnn.Model[float32], p Problem, c Config, progress Progress) (*session, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("configuration of learning: %w", err)
	}
	shape := m.Config()
	in, out := shape.Window*shape.Services*shape.Features, shape.Services*shape.Outputs
	if err := errors.Join(requireLabel("training", p.Training, in, out), requireLabel("validation", p.Validation, in, out)); err != nil {
		return nil, err
	}
	if shape.Services == 1 {
		c.GraphEpochs = 0 // no edge is possible
	}
	if progress == nil {
		progress = func(Epoch, float64, int) {}
	}
	s := &session{
		config: c, problem: p, model: m, progress: progress,
		services: shape.Services,
		best:     best{loss: math.Inf(1)},
		total:    c.Iterations * c.Epochs,
	}
	if c.GraphEpochs > 0 {
		s.total += c.Iterations*c.GraphEpochs + c.Epochs // of the probe
	}
	s.begin()
	return s, s.start()
}

// calibration returns the shares and offsets of [Result] for the best pair.
func (s *session) calibration(ctx context.Context) (shares, offsets []float64, err error) {
	if s.problem.Corrects {
		return s.correct(ctx)
	}
	if shares, err = s.calibrate(ctx); err != nil {
		return nil, nil, err
	}
	if q := s.config.Quantiles; len(q) > 1 || q[0] != 0.5 {
		if offsets, err = s.cover(ctx, shares); err != nil {
			return nil, nil, fmt.Errorf("coverage: %w", err)
		}
	}
	return shares, offsets, nil
}

func (s *session) run(ctx context.Context) (err error) {
	policy, err := autodiff.NewPolicy(s.model, s.objective())
	if err != nil {
		return fmt.Errorf("compile policy learning: %w", err)
	}
	defer func() { err = errors.Join(err, policy.Close()) }()
	for iteration := 1; iteration <= s.config.Iterations; iteration++ {
		if iteration == 1 && s.config.GraphEpochs > 0 {
			err = s.probe(ctx, policy)
		} else {
			err = s.learnPolicy(ctx, policy, iteration, "policy")
		}
		if err != nil {
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

// begin makes policy learning start anew.
func (s *session) begin() {
	c := s.config
	s.rng = rand.New(rand.NewPCG(c.Seed, 0x6465657073636c72))
	s.solver = &autodiff.Adam{Rate: c.Rate, Decay: c.Decay, Decays: decays(s.model), Clip: c.Clip}
	s.policyDone = 0
}

func decays(m gnn.Model[float32]) (all []bool) {
	for _, p := range m.Parameters() {
		all = append(all, p.Decays())
	}
	return all
}

func (s *session) objective() autodiff.Objective {
	return autodiff.Objective{
		Batch:     min(s.config.Batch, s.problem.Training.Len()),
		Quantiles: s.config.quantiles(),
		Weights:   s.problem.Weights,
		Workers:   s.config.Workers,
	}
}

// keep stores the model's parameters with an affinity matrix if they are the
// best so far, and reports whether they are.
func (b *best) keep(m gnn.Model[float32], affinity []float32, loss float64) bool {
	if loss >= b.loss {
		return false
	}
	b.loss, b.affinity = loss, slices.Clone(affinity)
	b.parameters = parameters(m)
	return true
}

// parameters returns a copy of all parameters of a model.
func parameters(m gnn.Model[float32]) (all [][]float32) {
	for _, p := range m.Parameters() {
		all = append(all, slices.Clone(p.Data))
	}
	return all
}

// restore sets the parameters of a model to such a copy; none leaves them.
func restore(m gnn.Model[float32], parameters [][]float32) {
	for i, data := range parameters {
		copy(m.Parameters()[i].Data, data)
	}
	m.Refresh()
}

// report adds a finished epoch to the history and calls the progress function.
func (s *session) report(e Epoch) {
	s.done++
	s.history = append(s.history, e)
	s.progress(e, float64(s.done), s.total)
}
