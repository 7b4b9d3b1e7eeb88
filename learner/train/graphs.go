package train

import (
	"math"

	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/learner/em"
)

// Names of initial graphs. Learned ones are called otherwise.
const (
	invocation = "invocation"
	inherited  = "inherited"
)

// graphs returns what learning starts from: the invocation graph and that of the
// parent, as far as there are any.
func (c *Config) graphs() []em.Graph {
	n := c.shape.Services
	var graphs []em.Graph
	if c.edges != nil {
		// Binary (paper §IV-B): the number of calls says how much work goes
		// along an edge, which is for the network to learn.
		affinity := make([]float32, n*n)
		for _, e := range c.edges {
			if e.Source != e.Destination {
				affinity[e.Source*n+e.Destination] = 1
			}
		}
		graphs = append(graphs, em.Graph{Name: invocation, Affinity: affinity})
	}
	if c.parent != nil {
		graphs = append(graphs, em.Graph{Name: inherited, Affinity: withoutSelfLoops(c.parent.Affinity, n)})
	}
	return graphs
}

// withoutSelfLoops undoes P = D̃^-½ · (A + I) · D̃^-½, the normalisation that
// learning begins with (Eq. 3): since A has nothing on its diagonal, P_ii is
// 1/D̃_i, and A_ij is P_ij/√(P_ii·P_jj). Of a learned matrix it keeps the
// proportions of an edge to the self-loops at its ends.
func withoutSelfLoops(p []float32, n int) []float32 {
	loop := make([]float64, n)
	for i := range n {
		loop[i] = float64(p[i*n+i])
		if loop[i] > 0 {
			continue
		}
		// A service that learning left without a loop: its strongest edge is
		// as good as one.
		for j := range n {
			loop[i] = max(loop[i], float64(p[i*n+j]), float64(p[j*n+i]))
		}
	}
	a := make([]float32, n*n)
	for i := range n {
		for j := range n {
			if i != j && p[i*n+j] > 0 {
				a[i*n+j] = float32(float64(p[i*n+j]) / math.Sqrt(loop[i]*loop[j]))
			}
		}
	}
	return a
}

// stored returns the graphs as the model file has them.
func (c *Config) stored(graphs []em.Graph) []artifact.Graph {
	var out []artifact.Graph
	for _, g := range graphs {
		loss := g.Loss
		if c.learning.GraphEpochs == 0 {
			loss = math.NaN() // never scored
		}
		out = append(out, artifact.Graph{Name: g.Name, Loss: loss, Affinity: g.Affinity})
	}
	return out
}
