package affinity

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/deepscaler/deepscaler/estimator/artifact"
)

// graph is the part of a model to show.
type graph struct {
	name      string
	services  []string
	edges     []edge // heaviest first
	total     int    // number of edges of at least minWeight, shown or not
	minWeight float64
	hidden    string // why there are no edges, and which option shows some
	set       []artifact.Graph
	known     *comparison // nil without a comparison
}

type edge struct {
	source, destination int
	weight              float64
	status              status
}

// status relates an edge to the known graph.
type status string

const (
	known   status = "known"
	learned status = "learned"
	missing status = "missing" // known, but too light to be shown
)

// pick returns the matrix that which names, as decimals that print as short as
// the numbers of the model.
func pick(m *artifact.Model, which string) ([]float64, error) {
	switch which {
	case WhichCombined:
		return decimals(m.Affinity), nil
	case WhichSet:
		if len(m.Graphs) == 0 {
			return nil, errors.New("the model keeps no set of graphs, want combined")
		}
		return decimals(union(m.Graphs, len(m.Affinity))), nil
	}
	names := []string{WhichCombined}
	if len(m.Graphs) > 0 {
		names = append(names, WhichSet)
	}
	for _, g := range m.Graphs {
		if g.Name == which {
			return decimals(g.Affinity), nil
		}
		names = append(names, strconv.Quote(g.Name))
	}
	return nil, fmt.Errorf("the model has no graph %q, want one of %s", which, strings.Join(names, ", "))
}

// union is the union of Eq. 3 for normalised graphs.
func union(graphs []artifact.Graph, cells int) []float32 {
	out := make([]float32, cells)
	for i := range out {
		sum, count := 0.0, 0
		for _, g := range graphs {
			if v := g.Affinity[i]; v > 0 {
				sum += float64(v)
				count++
			}
		}
		out[i] = float32(sum / float64(max(count, 1)))
	}
	return out
}

func decimals(a []float32) []float64 {
	out := make([]float64, len(a))
	for i, v := range a {
		// ParseFloat reads every output of FormatFloat.
		out[i], _ = strconv.ParseFloat(strconv.FormatFloat(float64(v), 'g', -1, 32), 64)
	}
	return out
}

// edges returns the edges of A[n,n] that are heavy enough, the heaviest first. If
// there are none, it returns which option shows some.
func (o *Options) edges(a []float64, n int) (edges []edge, hidden string) {
	heaviest, loops := 0.0, false
	for i, w := range a {
		switch {
		case w <= 0:
		case i/n == i%n && !o.SelfLoops:
			loops = true
		default:
			heaviest = max(heaviest, w)
			if w >= o.MinWeight {
				edges = append(edges, edge{source: i / n, destination: i % n, weight: w})
			}
		}
	}
	switch {
	case len(edges) > 0:
		slices.SortStableFunc(edges, func(x, y edge) int { return cmp.Compare(y.weight, x.weight) })
	case heaviest > 0:
		hidden = fmt.Sprintf("the heaviest is %v, see --min-weight", heaviest)
	case loops:
		hidden = "only services to themselves, see --self-loops"
	}
	return edges, hidden
}
