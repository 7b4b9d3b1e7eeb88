package history

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/deepscaler/deepscaler/estimator"
)

// Write writes a history in the form that [Read] reads. Rows are sorted by time and
// service; timestamps are Unix seconds where they are whole. Every step and service
// has a row, so reading returns the same history bit for bit if it has at least two
// steps.
func Write(w io.Writer, s *estimator.Window) error {
	if err := Validate(s); err != nil {
		return fmt.Errorf("write series: %w", err)
	}
	out := csv.NewWriter(w)
	row := append([]string{timestampColumn, serviceColumn}, estimator.FeatureNames(s.Features)...)
	err := out.Write(row)
	names := estimator.ServiceNames(s.Services)
	for t := 0; t < s.Steps && err == nil; t++ {
		row[0] = formatTimestamp(s.Time(t))
		for n, name := range names {
			row = append(row[:1], name)
			for _, v := range s.Row(n, t) {
				cell := ""
				if !math.IsNaN(v) {
					cell = strconv.FormatFloat(v, 'g', -1, 64)
				}
				row = append(row, cell)
			}
			err = out.Write(row)
		}
	}
	return flush("series", out, err)
}

// WriteGraph writes the edges in the form that [ReadGraph] reads.
func WriteGraph(w io.Writer, services []estimator.Service, edges []estimator.Edge) error {
	if err := estimator.ValidateEdges(edges, len(services)); err != nil {
		return fmt.Errorf("write graph: %w", err)
	}
	for _, s := range services {
		if err := checkService(s); err != nil {
			return fmt.Errorf("write graph: %w", err)
		}
	}
	out := csv.NewWriter(w)
	err := out.Write(slices.Clone(graphColumns()))
	for _, e := range edges {
		if err == nil {
			err = out.Write([]string{services[e.Source].String(), services[e.Destination].String(), strconv.FormatFloat(e.Weight, 'g', -1, 64)})
		}
	}
	return flush("graph", out, err)
}

// flush writes the buffer of out, unless writing has failed before.
func flush(what string, out *csv.Writer, err error) error {
	if out.Flush(); err == nil {
		err = out.Error()
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", what, err)
	}
	return nil
}
