package workload

import (
	"slices"

	"github.com/deepscaler/deepscaler/test/testbed/load"
)

// Chain returns the loads one after the other, for an application that meets all of
// them: what a long history is recorded under.
func Chain(loads ...*Load) *Load {
	out := &Load{Name: loads[0].Name, Weights: loads[0].Weights}
	for i, l := range loads {
		from := float64(len(out.Profile))
		if i > 0 {
			out.Name += ", then " + l.Name
			out.Changes = append(out.Changes, load.Change{At: from, Weights: l.Weights})
		}
		for _, c := range l.Changes {
			c.At += from
			out.Changes = append(out.Changes, c)
		}
		out.Profile = append(out.Profile, slices.Clone(l.Profile)...)
	}
	return out
}
