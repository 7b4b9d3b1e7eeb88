package model

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/gnn"
	"github.com/deepscaler/deepscaler/estimator/gnn/recurrent"
)

// Kinds returns the kinds of network that [New] builds, the product's own first.
func Kinds() []string {
	return []string{artifact.KindDeepScaler, artifact.KindDCRNN, artifact.KindTGCN}
}

// New returns a network of one of [Kinds] on the fastest kernels of this
// processor, with parameters drawn from rng. A shape that makes no network is an
// error.
func New(kind string, c gnn.Config, rng *rand.Rand) (gnn.Model[float32], error) {
	switch kind {
	case artifact.KindDeepScaler:
		// Not returned directly: a nil *Network is not a nil interface.
		n, err := gnn.New(c, rng)
		if err != nil {
			return nil, err
		}
		return n, nil
	case artifact.KindDCRNN:
		return recurrent.NewDCRNN(c, rng)
	case artifact.KindTGCN:
		return recurrent.NewTGCN(c, rng)
	}
	return nil, fmt.Errorf("kind of network is %q, want one of %s", kind, strings.Join(Kinds(), ", "))
}

// Config returns the shape of the network that a holds. A recurrent network has
// no temporal convolution, and a kernel of 0 in the file; the shape then has 1,
// which [gnn.Config.Validate] takes.
func Config(a *artifact.Model) gnn.Config {
	return gnn.Config{
		Services: len(a.Services),
		Window:   a.Window,
		Features: len(a.Features),
		Outputs:  len(a.Horizons),
		Hidden:   a.Hyperparameters.Hidden,
		Kernel:   max(1, a.Hyperparameters.Kernel),
		Blocks:   a.Hyperparameters.Blocks,
	}
}

// order returns the order of the graph convolution that a kind of network has:
// K = 3 of paper Eq. 13, two diffusion steps, or the affinity matrix alone.
func order(kind string) int {
	switch kind {
	case artifact.KindDeepScaler:
		return 3
	case artifact.KindDCRNN:
		return 2
	}
	return 1
}

// Load builds the network that a holds, with the parameters of the file. It is
// an error when a is not valid, and when a parameter is missing, has another
// shape, or is not one of the network's.
func Load(a *artifact.Model) (gnn.Model[float32], error) {
	if err := a.Validate(); err != nil {
		return nil, err
	}
	if o, want := a.Hyperparameters.Order, order(a.Kind); o != 0 && o != want {
		return nil, fmt.Errorf("model has graph convolutions of order %d, but those of %q are of order %d; train it again with this version",
			o, a.Kind, want)
	}
	c := Config(a)
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("shape of the network: %w", err)
	}
	if want, have := fewest(a.Kind, c), elements(a.Tensors); want > have {
		return nil, fmt.Errorf("parameters of the model: sizes %+v need more than %d numbers, the file has %d; it is damaged: train it again",
			a.Hyperparameters, want, have)
	}
	// The draws are overwritten.
	m, err := New(a.Kind, c, rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		return nil, err
	}
	if err := restore(m, a); err != nil {
		return nil, fmt.Errorf("parameters of the model: %w; the file does not fit its own sizes or comes from another version: train it again", err)
	}
	return m, nil
}

// fewest returns a number of parameters that a network has more of: the largest
// of its matrices. It keeps a file of a few bytes that speaks of a huge network
// from taking all memory. A valid shape does not overflow it.
func fewest(kind string, c gnn.Config) int {
	square := c.Blocks * c.Hidden * c.Hidden
	if kind == artifact.KindDeepScaler {
		return c.Kernel*square + c.Window*c.Hidden*c.Outputs
	}
	return square
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

// Tensors returns copies of the parameters of m, in the order of the network,
// as a model file holds them.
func Tensors(m gnn.Model[float32]) []artifact.Tensor {
	var tensors []artifact.Tensor
	for _, p := range m.Parameters() {
		tensors = append(tensors, artifact.Tensor{
			Name: p.Name, Shape: slices.Clone(p.Shape), Data: slices.Clone(p.Data),
		})
	}
	return tensors
}
