package history

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/deepscaler/deepscaler/estimator"
)

// ReadGraph reads an invocation graph over the given services, in their order:
// CSV with the header source,destination or source,destination,weight. A
// missing weight is 1. The edges are in the order of the file.
//
// A bare name stands for the only service of that name, in whatever namespace: see
// [estimator.Service]. An edge that occurs twice, a service that is not among the given ones and a
// weight that is not a finite number above 0 are errors that name the line.
func ReadGraph(r io.Reader, services []estimator.Service) ([]estimator.Edge, error) {
	edges, err := readGraph(newCells(r), services)
	if err != nil {
		return nil, fmt.Errorf("read graph: %w", err)
	}
	return edges, nil
}

// ReadGraphFile reads an invocation graph from a file, compressed with gzip or
// not.
func ReadGraphFile(path string, services []estimator.Service) ([]estimator.Edge, error) {
	return readFile(path, func(r io.Reader) ([]estimator.Edge, error) { return ReadGraph(r, services) })
}

// graphColumns returns the header of a graph.
func graphColumns() []string { return []string{"source", "destination", "weight"} }

func readGraph(in *cells, services []estimator.Service) ([]estimator.Edge, error) {
	const want = "source,destination or source,destination,weight"
	if err := in.header(want); err != nil {
		return nil, err
	}
	columns := len(in.row)
	if columns < 2 || columns > 3 || !slices.Equal(in.row, graphColumns()[:columns]) {
		return nil, in.at(0, "the header is %q, want %s", clip(strings.Join(in.row, ",")), want)
	}
	var edges []estimator.Edge
	lines := map[[2]int]int{}
	for {
		if err := in.next(); errors.Is(err, io.EOF) {
			return edges, nil
		} else if err != nil {
			return nil, err
		}
		e, err := readEdge(in, columns, services)
		if err != nil {
			return nil, err
		}
		pair := [2]int{e.Source, e.Destination}
		if first, ok := lines[pair]; ok {
			return nil, in.at(0, "%q to %q is already at line %d", services[e.Source], services[e.Destination], first)
		}
		lines[pair] = in.line()
		edges = append(edges, e)
	}
}

func readEdge(in *cells, columns int, services []estimator.Service) (estimator.Edge, error) {
	if len(in.row) != columns {
		return estimator.Edge{}, in.at(0, "%d cells, but the header has %d", len(in.row), columns)
	}
	var ends [2]int
	for i, cell := range in.row[:2] {
		n, err := findService(cell, services)
		if err != nil {
			return estimator.Edge{}, in.at(i, "%w", err)
		}
		ends[i] = n
	}
	e := estimator.Edge{Source: ends[0], Destination: ends[1], Weight: 1}
	if columns == 3 && in.row[2] != "" {
		w, err := strconv.ParseFloat(in.row[2], 64)
		if err != nil || !(w > 0) || math.IsInf(w, 1) {
			return estimator.Edge{}, in.at(2, "weight is %q, want a finite number above 0, or nothing for 1", clip(in.row[2]))
		}
		e.Weight = w
	}
	return e, nil
}

// findService returns the index of the service with this text, or else of the only
// one that matches it.
func findService(text string, services []estimator.Service) (int, error) {
	named, err := estimator.ParseService(text)
	if err != nil {
		return 0, err
	}
	if n := slices.Index(services, named); n >= 0 {
		return n, nil
	}
	found := -1
	for n, s := range services {
		switch {
		case !s.Matches(named):
		case found >= 0:
			return 0, fmt.Errorf("service %q may be %q or %q; name its namespace", text, services[found], s)
		default:
			found = n
		}
	}
	if found < 0 {
		return 0, fmt.Errorf("service %q is not in the series%s", clip(text), suggestion(text, estimator.ServiceNames(services)))
	}
	return found, nil
}

// suggestion returns the end of an error about an unknown name: the nearest
// known names.
func suggestion(name string, known []string) string {
	const most = 3
	if len(name) > maxName || len(known) == 0 {
		return ""
	}
	nearest := slices.Clone(known)
	distances := make(map[string]int, len(known))
	for _, k := range known {
		distances[k] = distance(name, k)
	}
	slices.SortStableFunc(nearest, func(a, b string) int { return distances[a] - distances[b] })
	return fmt.Sprintf("; the nearest names there are %q", nearest[:min(most, len(nearest))])
}

// distance is the edit distance of Levenshtein (1966) in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
