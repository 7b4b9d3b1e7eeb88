package affinity

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/deepscaler/deepscaler/estimator"
	"github.com/deepscaler/deepscaler/estimator/artifact"
	"github.com/deepscaler/deepscaler/learner/history"
)

// The values of [Options.Which] that do not name a single graph of 𝒜. They take
// precedence over a graph of the same name.
const (
	// WhichCombined is the matrix that the network was trained with (Eq. 10).
	WhichCombined = "combined"
	// WhichSet is the union of 𝒜 (Eq. 3): every edge of any graph, weighted by
	// the mean over the graphs that have it.
	WhichSet = "set"
)

// Formats returns the values of [Options.Output].
func Formats() []string { return []string{"table", "csv", "json", "dot", "mermaid"} }

// Options select a model and the edges to show.
type Options struct {
	// ModelFile is the model; required.
	ModelFile string
	// Output is table, csv, json, dot or mermaid.
	Output string
	// Which is [WhichCombined], [WhichSet] or the name of a graph of 𝒜.
	Which string
	// MinWeight is the smallest weight of an edge that is shown.
	MinWeight float64
	// Top is the greatest number of edges that are shown, the heaviest first; 0
	// for all.
	Top int
	// SelfLoops includes edges of a service to itself.
	SelfLoops bool
	// Compare is a CSV file of known edges as [history.ReadGraph] reads it;
	// optional.
	Compare string
}

// NewOptions returns the defaults.
func NewOptions() *Options {
	return &Options{Output: "table", Which: WhichCombined, MinWeight: 0.01}
}

// Validate reports every invalid flag.
func (o *Options) Validate() error {
	var errs []error
	reject := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	reject(o.ModelFile == "", "--model-file is required, for example model.safetensors")
	reject(o.Output == "svg", "--output svg was removed: use dot, which Graphviz draws as SVG, or mermaid, which GitHub renders")
	reject(o.Output != "svg" && !slices.Contains(Formats(), o.Output), "--output is %q, want one of %s", o.Output, strings.Join(Formats(), ", "))
	reject(o.Which == "", "--which is empty, want combined, set or the name of a graph")
	reject(!(o.MinWeight >= 0) || math.IsInf(o.MinWeight, 0), "--min-weight is %v, want a number of at least 0", o.MinWeight)
	reject(o.Top < 0, "--top is %d, want a number of edges, or 0 for all", o.Top)
	return errors.Join(errs...)
}

// Run reads the model and writes its graph to out, or returns an error and
// writes nothing. Call it after [Options.Validate].
func (o *Options) Run(out io.Writer) error {
	m, err := artifact.ReadFile(o.ModelFile)
	if err != nil {
		return fmt.Errorf("--model-file: %w", err)
	}
	g, err := o.graph(m)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	switch o.Output {
	case "table":
		err = g.table(&b)
	case "csv":
		err = g.csv(&b)
	case "json":
		err = g.json(&b)
	case "dot":
		g.dot(&b)
	case "mermaid":
		g.mermaid(&b)
	}
	if err != nil {
		return fmt.Errorf("--output %s: %w", o.Output, err)
	}
	if _, err := out.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write graph: %w", err)
	}
	return nil
}

// graph returns the part of the model to show.
func (o *Options) graph(m *artifact.Model) (*graph, error) {
	a, err := pick(m, o.Which)
	if err != nil {
		return nil, fmt.Errorf("--which: %w", err)
	}
	g := &graph{name: o.Which, services: m.Services, minWeight: o.MinWeight, set: m.Graphs}
	g.edges, g.hidden = o.edges(a, len(m.Services))
	if o.Compare != "" {
		services, err := estimator.ParseServices(m.Services)
		if err != nil {
			return nil, err
		}
		known, err := history.ReadGraphFile(o.Compare, services)
		if err != nil {
			return nil, fmt.Errorf("--compare, for a graph of the services of the model: %w", err)
		}
		g.compare(o.Compare, known, a)
	}
	g.total = len(g.edges)
	if o.Top > 0 {
		g.edges = g.edges[:min(o.Top, len(g.edges))]
	}
	return g, nil
}
