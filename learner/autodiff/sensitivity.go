package autodiff

import (
	"fmt"

	"gorgonia.org/gorgonia"

	"github.com/deepscaler/deepscaler/estimator/gnn"
)

// Sensitivity differentiates the loss of a batch with respect to the affinity
// matrix itself.
type Sensitivity struct {
	Batch
	// Affinity [N,N] is set before a run.
	Affinity []float32

	machine  gorgonia.VM
	affinity *gorgonia.Node
	loss     gorgonia.Value
}

// NewSensitivity compiles the gradient for a model. It shares the model's
// parameters.
func NewSensitivity(m gnn.Model[float32], o Objective) (s *Sensitivity, err error) {
	defer recovered(&err)
	n := m.Config().Services
	g := gorgonia.NewGraph()
	in := newInputs(g, m, o)
	s = &Sensitivity{Batch: in.Batch, Affinity: make([]float32, n*n)}
	s.affinity = node(g, "affinity", s.Affinity, n, n)
	loss, err := newLoss(m, o, in, s.affinity, parameterNodes(g, m), false, true)
	if err != nil {
		return nil, fmt.Errorf("loss: %w", err)
	}
	gorgonia.Read(loss, &s.loss)
	if _, err := gorgonia.Grad(loss, s.affinity); err != nil {
		return nil, fmt.Errorf("differentiate the loss: %w", err)
	}
	s.machine = gorgonia.NewTapeMachine(g, gorgonia.BindDualValues(s.affinity))
	return s, nil
}

// Add adds weight·∂L/∂A of one batch to sum, N×N.
func (s *Sensitivity) Add(sum []float32, weight float32) (err error) {
	defer recovered(&err)
	if _, err := run(s.machine, &s.loss); err != nil {
		return err
	}
	value, err := s.affinity.Grad()
	if err != nil {
		return fmt.Errorf("gradient of the affinity matrix: %w", err)
	}
	gradient, err := floats(value)
	if err != nil {
		return err
	}
	for i, v := range gradient {
		sum[i] += weight * v
		gradient[i] = 0
	}
	return nil
}

// Close frees the machine.
func (s *Sensitivity) Close() error { return s.machine.Close() }
