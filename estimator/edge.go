package estimator

import (
	"fmt"
	"math"
)

// Edge is one edge of an invocation graph in a file. Unlike a [Call] it has no
// rate, but the number of calls for each one that its source receives.
type Edge struct {
	// Source and Destination index the services of the graph.
	Source, Destination int
	// Weight is above 0: the mean number of calls to Destination for each call
	// of Source; 1 if unknown.
	Weight float64
}

// ValidateEdges reports an edge that does not belong to a graph of n services. Its index or
// weight is out of bounds, or it occurs twice.
func ValidateEdges(edges []Edge, n int) error {
	seen := make(map[[2]int]bool, len(edges))
	for _, e := range edges {
		pair := [2]int{e.Source, e.Destination}
		switch {
		case min(e.Source, e.Destination) < 0 || max(e.Source, e.Destination) >= n:
			return fmt.Errorf("edge %d→%d is not between %d services", e.Source, e.Destination, n)
		case !(e.Weight > 0) || math.IsInf(e.Weight, 1):
			return fmt.Errorf("edge %d→%d has weight %v, want a finite number above 0", e.Source, e.Destination, e.Weight)
		case seen[pair]:
			return fmt.Errorf("edge %d→%d occurs twice", e.Source, e.Destination)
		}
		seen[pair] = true
	}
	return nil
}
