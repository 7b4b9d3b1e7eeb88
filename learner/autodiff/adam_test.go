package autodiff

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"gorgonia.org/gorgonia"
)

// TestAdamDecays has gradients of 0, so that a parameter moves by decay alone.
func TestAdamDecays(t *testing.T) {
	for name, tt := range map[string]struct {
		decays []bool
		want   [][]float32
	}{
		"all":    {nil, [][]float32{{0.75, 1.5}, {3}}},
		"first":  {[]bool{true, false}, [][]float32{{0.75, 1.5}, {4}}},
		"second": {[]bool{false, true}, [][]float32{{1, 2}, {3}}},
	} {
		t.Run(name, func(t *testing.T) {
			data := [][]float32{{1, 2}, {4}}
			g := gorgonia.NewGraph()
			nodes := gorgonia.Nodes{node(g, "a", data[0], 2), node(g, "b", data[1], 1)}
			both := gorgonia.Must(gorgonia.Concat(0, nodes...))
			loss := gorgonia.Must(gorgonia.Sum(gorgonia.Must(gorgonia.Mul(both, gorgonia.NewConstant(float32(0))))))
			if _, err := gorgonia.Grad(loss, nodes...); err != nil {
				t.Fatal(err)
			}
			machine := gorgonia.NewTapeMachine(g, gorgonia.BindDualValues(nodes...))
			defer machine.Close()
			if err := machine.RunAll(); err != nil {
				t.Fatal(err)
			}
			if err := (&Adam{Rate: 0.5, Decay: 0.5, Decays: tt.decays}).Step(gorgonia.NodesToValueGrads(nodes)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, data); diff != "" {
				t.Errorf("parameters (-want +got):\n%s", diff)
			}
		})
	}
}
