package main

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/deepscaler/deepscaler/estimator/artifact"
)

// affinity has the strongest dependencies between services that a model has learned.
type affinity []dependency

type dependency struct {
	source, destination string
	weight              float64
	calls               bool // from source to destination, also without a model
}

// strongestOf is how many are shown: as many as fit beside the table.
const strongestOf = 6

// strongest returns the heaviest edges of the matrix that a network computes with, the
// heaviest first, as deepscaler graph shows them all.
func strongest(m *artifact.Model) affinity {
	var calls []float32
	for _, g := range m.Graphs {
		if g.Name == "invocation" {
			calls = g.Affinity
		}
	}
	n := len(m.Services)
	var all affinity
	for i, w := range m.Affinity {
		if w > 0 && i/n != i%n {
			all = append(all, dependency{path.Base(m.Services[i/n]), path.Base(m.Services[i%n]), float64(w), calls != nil && calls[i] > 0})
		}
	}
	slices.SortStableFunc(all, func(a, b dependency) int { return cmp.Compare(b.weight, a.weight) })
	return all[:min(strongestOf, len(all))]
}

// String lists the dependencies. Those that are no calls are marked.
func (a affinity) String() string {
	words := make([]string, len(a))
	for i, d := range a {
		words[i] = fmt.Sprintf("%s → %s %.3f", d.source, d.destination, d.weight)
		if !d.calls {
			words[i] += " (no call)"
		}
	}
	return strings.Join(words, ", ")
}
