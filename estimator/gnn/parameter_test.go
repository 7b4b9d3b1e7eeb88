package gnn

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOnlyFiltersDecay(t *testing.T) {
	n, err := New(Config{Services: 3, Window: 4, Features: 2, Outputs: 1, Hidden: 4, Kernel: 3, Blocks: 1}, rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range n.Parameters() {
		if p.Decays() {
			names = append(names, p.Name)
		}
	}
	want := []string{
		"blocks.0.attention.u2", "blocks.0.chebyshev.self", "blocks.0.chebyshev.hops", "blocks.0.temporal.weight",
		"blocks.0.residual.weight", "head.weight",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("parameters that decay (-want +got):\n%s", diff)
	}
}
