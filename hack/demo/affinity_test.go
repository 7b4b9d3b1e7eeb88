package main

import (
	"strings"
	"testing"

	"github.com/deepscaler/deepscaler/estimator/artifact"
)

// The heaviest edges are shown, along calls and beyond them, and without those of a service to
// itself; at the end those of the last model beside those of the first.
func TestAffinityIsShown(t *testing.T) {
	m := &artifact.Model{
		Services: []string{"shop/frontend", "shop/cart", "shop/checkout"},
		Affinity: []float32{0.5, 0.125, 0, 0, 0.75, 0.25, 0, 0.25, 1},
		Graphs: []artifact.Graph{
			{Name: "learned 1", Affinity: []float32{0, 1, 0, 0, 0, 1, 0, 0, 0}},
			{Name: "invocation", Affinity: []float32{0, 1, 0, 0, 0, 0, 0, 0, 0}},
		},
	}
	graph := strongest(m)
	const want = "along calls frontend → cart 0.125; beyond calls cart ↔ checkout 0.250"
	if got := string(graph); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	var h history
	show := func(hash string, a affinity) string {
		s := snapshot{rows: []row{{service: "frontend"}}, planning: planning{sources: map[string]source{"frontend": {"network", hash}}, graph: a}}
		h.add(s)
		var b strings.Builder
		if err := s.write(&b); err != nil {
			t.Fatal(err)
		}
		return strings.Join(strings.Fields(b.String()), " ")
	}
	if got := show("", ""); strings.Contains(got, "affinity") {
		t.Errorf("without a model:\n%s", got)
	}
	if got := show("a", graph); !strings.Contains(got, "affinity the strongest "+want) {
		t.Errorf("with a model:\n%s", got)
	}
	m.Affinity[2] = 0.375
	show("b", strongest(m))
	const last = "along calls frontend → cart 0.125; beyond calls frontend → checkout 0.375, cart ↔ checkout 0.250"
	if got := strings.Join(strings.Fields(h.explanation()), " "); !strings.Contains(got, "in the end: "+last+".") || !strings.Contains(got, "At first: "+want+".") {
		t.Error(got)
	}
}
