package baseline

import (
	"fmt"
	"strings"

	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/estimator/gnn"
	"github.com/deepscaler/deepscaler/estimator/model"
)

// Architectures returns the networks that can be trained: DeepScaler's and the
// two for comparison.
func Architectures() []model.Architecture {
	largest := func(c gnn.Config) int { return c.Blocks * c.Hidden * c.Hidden }
	return []model.Architecture{
		model.DeepScaler(),
		{Kind: artifact.KindDCRNN, Order: 2, Fewest: largest, New: NewDCRNN},
		{Kind: artifact.KindTGCN, Order: 1, Fewest: largest, New: NewTGCN},
	}
}

// Kinds returns the kinds of [Architectures].
func Kinds() []string {
	var kinds []string
	for _, x := range Architectures() {
		kinds = append(kinds, x.Kind)
	}
	return kinds
}

// Of returns the architecture of a kind. An unknown kind is an error.
func Of(kind string) (model.Architecture, error) {
	for _, x := range Architectures() {
		if x.Kind == kind {
			return x, nil
		}
	}
	return model.Architecture{}, fmt.Errorf("kind of network is %q, want one of %s", kind, strings.Join(Kinds(), ", "))
}

// Load builds the network in a, of any kind. Its errors are those of [model.Load].
func Load(a *artifact.Model) (gnn.Model[float32], error) {
	if err := a.Validate(); err != nil {
		return nil, err
	}
	x, err := Of(a.Kind)
	if err != nil {
		return nil, err
	}
	return x.Load(a)
}
