package model

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/gnn"
)

// Architecture is a kind of network as model files hold it.
type Architecture struct {
	// Kind is one of the artifact's Kind constants.
	Kind string
	// Order is the order of the graph convolutions, fixed by the kind.
	Order int
	// Fewest returns a lower bound of a network's number of parameters, such as the
	// size of its largest matrix. It prevents a small file that declares a huge
	// network from allocating all memory.
	Fewest func(c gnn.Config) int
	// New returns a network with parameters drawn from rng. An invalid shape is
	// an error.
	New func(c gnn.Config, rng *rand.Rand) (gnn.Model[float32], error)
}

// DeepScaler returns the architecture of [gnn.Network], with Chebyshev
// polynomials of order 3 (paper Eq. 13).
func DeepScaler() Architecture {
	return Architecture{
		Kind:  artifact.KindDeepScaler,
		Order: 3,
		Fewest: func(c gnn.Config) int {
			return c.Kernel*c.Blocks*c.Hidden*c.Hidden + c.Window*c.Hidden*c.Outputs
		},
		New: func(c gnn.Config, rng *rand.Rand) (gnn.Model[float32], error) {
			// Not returned directly: a nil *Network is not a nil interface.
			n, err := gnn.New(c, rng)
			if err != nil {
				return nil, err
			}
			return n, nil
		},
	}
}

// Config returns the shape of the network in a. A recurrent network has no
// temporal convolution, so its kernel is 0 in the file; the shape then has 1,
// which [gnn.Config.Validate] accepts.
func Config(a *artifact.Model) gnn.Config {
	return gnn.Config{
		Services: len(a.Services),
		Window:   a.Window,
		Features: len(a.Features),
		Outputs:  a.Outputs(),
		Hidden:   a.Hyperparameters.Hidden,
		Kernel:   max(1, a.Hyperparameters.Kernel),
		Blocks:   a.Hyperparameters.Blocks,
	}
}

// Load builds the network in a, with the parameters of the file. It returns an
// error if a is invalid or of another kind than [DeepScaler], or if a parameter
// is missing, has the wrong shape, or belongs to no part of the network.
func Load(a *artifact.Model) (gnn.Model[float32], error) { return DeepScaler().Load(a) }

// Load is the package's Load for another architecture.
func (x Architecture) Load(a *artifact.Model) (gnn.Model[float32], error) {
	if err := a.Validate(); err != nil {
		return nil, err
	}
	if a.Kind != x.Kind {
		return nil, fmt.Errorf("model is a network of kind %q, want %q", a.Kind, x.Kind)
	}
	if o := a.Hyperparameters.Order; o != 0 && o != x.Order {
		return nil, fmt.Errorf("model has graph convolutions of order %d, but those of %q are of order %d; train it again with this version",
			o, a.Kind, x.Order)
	}
	c := Config(a)
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("shape of the network: %w", err)
	}
	if want, have := x.Fewest(c), elements(a.Tensors); want > have {
		return nil, fmt.Errorf("parameters of the model: sizes %+v need more than %d numbers, the file has %d; it is damaged: train it again",
			a.Hyperparameters, want, have)
	}
	// The draws are overwritten.
	m, err := x.New(c, rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		return nil, err
	}
	if err := restore(m, a); err != nil {
		return nil, fmt.Errorf("parameters of the model: %w; the file does not fit its own sizes or comes from another version: train it again", err)
	}
	return m, nil
}

func elements(tensors []artifact.Tensor) int {
	sum := 0
	for _, t := range tensors {
		sum += len(t.Data)
	}
	return sum
}

// restore copies the tensors of a into the parameters of m.
func restore(m gnn.Model[float32], a *artifact.Model) error {
	known := make(map[string]struct{})
	for _, p := range m.Parameters() {
		t, ok := a.Tensor(p.Name)
		if !ok {
			return fmt.Errorf("%q is missing, want shape %v", p.Name, p.Shape)
		}
		if !slices.Equal(t.Shape, p.Shape) {
			return fmt.Errorf("%q has shape %v, want %v", p.Name, t.Shape, p.Shape)
		}
		copy(p.Data, t.Data)
		known[p.Name] = struct{}{}
	}
	for _, t := range a.Tensors {
		if _, ok := known[t.Name]; !ok {
			return fmt.Errorf("%q of shape %v is not a parameter of %q", t.Name, t.Shape, a.Kind)
		}
	}
	m.Refresh()
	return nil
}

// Tensors returns copies of the parameters of m for a model file, in the order
// of the network.
func Tensors(m gnn.Model[float32]) []artifact.Tensor {
	var tensors []artifact.Tensor
	for _, p := range m.Parameters() {
		tensors = append(tensors, artifact.Tensor{
			Name: p.Name, Shape: slices.Clone(p.Shape), Data: slices.Clone(p.Data),
		})
	}
	return tensors
}
