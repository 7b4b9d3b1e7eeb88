package dataset

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
)

// Edge is one call relationship of the invocation graph.
type Edge struct {
	// Source and Destination index the services the graph was read for.
	Source, Destination int
	// Weight is above 0. In a graph that a tracing tool counted, it is the mean
	// number of calls to Destination for each call of Source; 1 where nothing
	// is known.
	Weight float64
}

// ReadGraph reads an invocation graph over the given services, in their order:
// CSV with the header source,destination or source,destination,weight. A weight
// that is left out is 1. The edges come in the order of the file.
//
// An edge that occurs twice, a service that is not among the given ones and a
// weight that is not a finite number above 0 are errors that name the line.
func ReadGraph(r io.Reader, services []string) ([]Edge, error) {
	edges, err := readGraph(newTable(r), services)
	if err != nil {
		return nil, fmt.Errorf("read graph: %w", err)
	}
	return edges, nil
}

// ReadGraphFile reads an invocation graph from a file, compressed with gzip or
// not.
func ReadGraphFile(path string, services []string) ([]Edge, error) {
	return readFile(path, func(r io.Reader) ([]Edge, error) { return ReadGraph(r, services) })
}

func readGraph(in *table, services []string) ([]Edge, error) {
	if err := in.next(); errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty, want the header source,destination or source,destination,weight")
	} else if err != nil {
		return nil, err
	}
	want := []string{"source", "destination", "weight"}
	columns := len(in.cells)
	for i, cell := range in.cells {
		if columns > 3 || string(cell) != want[i] {
			return nil, in.errorf("column %d of the header is %q, want source,destination or source,destination,weight", i+1, clip(cell))
		}
	}
	if columns < 2 {
		return nil, in.errorf("the header has %d column, want source,destination or source,destination,weight", columns)
	}
	index := make(map[string]int, len(services))
	for i, name := range services {
		index[name] = i
	}
	var edges []Edge
	lines := map[[2]int]int{}
	for {
		if err := in.next(); errors.Is(err, io.EOF) {
			return edges, nil
		} else if err != nil {
			return nil, err
		}
		e, err := readEdge(in, columns, services, index)
		if err != nil {
			return nil, err
		}
		pair := [2]int{e.Source, e.Destination}
		if first, ok := lines[pair]; ok {
			return nil, in.errorf("%q to %q is already at line %d", services[e.Source], services[e.Destination], first)
		}
		lines[pair] = in.line
		edges = append(edges, e)
	}
}

func readEdge(in *table, columns int, services []string, index map[string]int) (Edge, error) {
	if len(in.cells) != columns {
		return Edge{}, in.errorf("%d cells, but the header has %d", len(in.cells), columns)
	}
	var ends [2]int
	for i, cell := range in.cells[:2] {
		n, ok := index[string(cell)]
		if !ok {
			return Edge{}, in.errorf("service %q is not in the series%s", clip(cell), suggestion(string(cell), services))
		}
		ends[i] = n
	}
	e := Edge{Source: ends[0], Destination: ends[1], Weight: 1}
	if columns == 3 && len(in.cells[2]) > 0 {
		w, err := strconv.ParseFloat(string(in.cells[2]), 64)
		if err != nil || !validWeight(w) {
			return Edge{}, in.errorf("weight is %q, want a finite number above 0, or nothing for 1", clip(in.cells[2]))
		}
		e.Weight = w
	}
	return e, nil
}

func validWeight(w float64) bool { return w > 0 && !math.IsInf(w, 1) }

// WriteGraph writes the edges in the form that [ReadGraph] reads.
func WriteGraph(w io.Writer, services []string, edges []Edge) error {
	if err := checkEdges(edges, len(services)); err != nil {
		return fmt.Errorf("write graph: %w", err)
	}
	for _, name := range services {
		if err := checkName(serviceColumn, name); err != nil {
			return fmt.Errorf("write graph: %w", err)
		}
	}
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, "source,destination,weight")
	for _, e := range edges {
		fmt.Fprintf(out, "%s,%s,%s\n", quote(services[e.Source]), quote(services[e.Destination]), strconv.FormatFloat(e.Weight, 'g', -1, 64))
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write graph: %w", err)
	}
	return nil
}

// checkEdges reports an edge that does not belong to a graph of n services.
func checkEdges(edges []Edge, n int) error {
	seen := map[[2]int]bool{}
	for _, e := range edges {
		pair := [2]int{e.Source, e.Destination}
		switch {
		case min(e.Source, e.Destination) < 0 || max(e.Source, e.Destination) >= n:
			return fmt.Errorf("edge %d→%d is not between %d services", e.Source, e.Destination, n)
		case !validWeight(e.Weight):
			return fmt.Errorf("edge %d→%d has weight %v, want a finite number above 0", e.Source, e.Destination, e.Weight)
		case seen[pair]:
			return fmt.Errorf("edge %d→%d occurs twice", e.Source, e.Destination)
		}
		seen[pair] = true
	}
	return nil
}

// suggestion ends an error about an unknown name with the known ones that are
// nearest to it.
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
