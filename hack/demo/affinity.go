package main

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/deepscaler/deepscaler/estimator/artifact"
)

// affinity lists the strongest dependencies between services that a network computes with;
// empty without a network.
type affinity string

// strongestOf is how many are shown of each kind: as many as fit beside the table.
const strongestOf = 4

// strongest returns the heaviest edges of a model's matrix, as deepscaler graph shows them
// all: those along calls, and those that were learned where there is no call. An edge that is
// as heavy the other way is shown once.
func strongest(m *artifact.Model) affinity {
	var calls []float32
	for _, g := range m.Graphs {
		if g.Name == "invocation" {
			calls = g.Affinity
		}
	}
	n := len(m.Services)
	var along, beyond []int
	for i, w := range m.Affinity {
		back := i%n*n + i/n
		switch {
		case w <= 0 || i == back:
		case calls != nil && calls[i] > 0:
			along = append(along, i)
		case m.Affinity[back] != w || i < back:
			beyond = append(beyond, i)
		}
	}
	list := func(edges []int) string {
		slices.SortStableFunc(edges, func(a, b int) int { return cmp.Compare(m.Affinity[b], m.Affinity[a]) })
		var words []string
		for _, i := range edges[:min(strongestOf, len(edges))] {
			arrow := "→"
			if m.Affinity[i%n*n+i/n] == m.Affinity[i] {
				arrow = "↔"
			}
			words = append(words, fmt.Sprintf("%s %s %s %.3f", path.Base(m.Services[i/n]), arrow, path.Base(m.Services[i%n]), m.Affinity[i]))
		}
		return strings.Join(words, ", ")
	}
	var kinds []string
	if text := list(along); text != "" {
		kinds = append(kinds, "along calls "+text)
	}
	if text := list(beyond); text != "" {
		kinds = append(kinds, "beyond calls "+text)
	}
	return affinity(strings.Join(kinds, "; "))
}
