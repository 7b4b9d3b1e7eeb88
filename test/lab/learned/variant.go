package learned

import (
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/learner/train"
)

// Variants of DeepScaler's network that show what its graph is worth.
const (
	// Identity has no edges: as many networks with shared weights as services.
	Identity = artifact.KindDeepScaler + "-identity"
	// Calls keeps to the invocation graph.
	Calls = artifact.KindDeepScaler + "-calls"
)

// Variants returns the names of all variants.
func Variants() []string { return []string{Identity, Calls} }

// Choose sets the kind of network of a specification, or what makes a variant of it.
func Choose(s *train.Spec, kind string) {
	s.Kind, s.Unconnected = kind, kind == Identity
	if kind == Identity || kind == Calls {
		s.Kind, s.Learning.GraphEpochs = artifact.KindDeepScaler, 0
	}
}
