package estimator

import (
	"fmt"
	"math"
)

// Outside is the source of calls from outside the application: a gateway, a
// client without a mesh proxy, or a service of another application.
const Outside = -1

// Call is one edge of the invocation graph.
type Call struct {
	// Source and Destination index the services of the graph's window. Source
	// may be [Outside].
	Source, Destination int
	// Rate is the mean number of calls per second over the window. Only ratios
	// of rates matter for a graph that comes from sampled traces.
	Rate float64
}

// CallGraph is the invocation relationship between services, with the rates at which the edges
// were used (paper §IV-B, "constructed by a distributed tracing tool"). Each (source,
// destination) pair occurs at most once.
type CallGraph struct {
	Calls []Call
}

// Edges returns the calls between services, each weighted with the calls per request that
// its source receives; none without a graph. Sources that receive none are left out.
func (g *CallGraph) Edges(services int) []Edge {
	if g == nil {
		return nil
	}
	received := make([]float64, services)
	for _, c := range g.Calls {
		received[c.Destination] += c.Rate
	}
	var edges []Edge
	for _, c := range g.Calls {
		if c.Source != Outside && c.Rate > 0 && received[c.Source] > 0 {
			edges = append(edges, Edge{Source: c.Source, Destination: c.Destination, Weight: c.Rate / received[c.Source]})
		}
	}
	return edges
}

func (g *CallGraph) validate(services int) error {
	if g == nil {
		return nil
	}
	for _, c := range g.Calls {
		if c.Source < Outside || c.Source >= services || c.Destination < 0 || c.Destination >= services {
			return fmt.Errorf("call %d→%d is not between the window's %d services", c.Source, c.Destination, services)
		}
		if math.IsNaN(c.Rate) || math.IsInf(c.Rate, 0) || c.Rate < 0 {
			return fmt.Errorf("call %d→%d has rate %v, want a finite number of at least 0", c.Source, c.Destination, c.Rate)
		}
	}
	return nil
}
