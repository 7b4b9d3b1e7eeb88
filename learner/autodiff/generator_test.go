package autodiff

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gorgonia.org/gorgonia"

	"github.com/deepscaler/deepscaler/learner/generator"
)

// still is a solver that only looks at the gradients.
type still struct{ seen [][]float32 }

func (s *still) Step(model []gorgonia.ValueGrad) error {
	s.seen = nil
	for _, m := range model {
		g, err := m.Grad()
		if err != nil {
			return err
		}
		data := g.Data().([]float32)
		s.seen = append(s.seen, slices.Clone(data))
		clear(data)
	}
	return nil
}

// TestGeneratorGradient compares the gradient of Eq. 7 with respect to all of π,
// through the network, with central differences; what float32 leaves of them. With
// 90 % of the edges for free there is nothing but the network.
func TestGeneratorGradient(t *testing.T) {
	for _, newEdges := range []float64{0.01, 0.9} {
		t.Run(fmt.Sprint(newEdges), func(t *testing.T) { compareGenerator(t, newEdges) })
	}
}

func compareGenerator(t *testing.T, newEdges float64) {
	rng := rand.New(rand.NewPCG(6, 7))
	n := small.Services
	m := newModel(t, small)
	const loud = 20 // so that the network's part of the gradient is beyond float32's noise
	for _, p := range m.Parameters() {
		if p.Name == "head.weight" {
			for i := range p.Data {
				p.Data[i] *= loud
			}
		}
	}
	m.Refresh()
	a, edges := randomGraph(rng, n), make([]float32, n*n)
	edges[1], edges[7], edges[n+3] = 0.4, 0.3, 0.5
	pi, err := generator.New(a, edges, n, n, rng)
	if err != nil {
		t.Fatal(err)
	}
	g, err := NewGenerator(m, pi, Objective{Batch: 8, Quantiles: []float32{0.5}, Workers: 2}, generator.Settings{Threshold: 0.05, NewEdges: newEdges, Softness: 0.1})
	if err != nil {
		t.Fatal(err)
	}
	fill(g.X, rng)
	fill(g.Y, rng)
	for i := range g.Y {
		g.Y[i] *= 5 * loud // far from any kink of the loss
	}
	copy(g.Affinity, a)
	step := func(s *still) float64 {
		loss, err := g.Step(s)
		if err != nil {
			t.Fatal(err)
		}
		return loss
	}
	for range 2 { // what one run leaves behind must not change the next
		var s still
		step(&s)
		for k, values := range pi.All() {
			largest := 0.0
			for i, v := range values {
				const h = 2e-3
				largest = max(largest, math.Abs(float64(s.seen[k][i])))
				values[i] = v + h
				up := step(&still{})
				values[i] = v - h
				down := step(&still{})
				values[i] = v
				want := (up - down) / (2 * h)
				if got := float64(s.seen[k][i]); math.Abs(got-want) > 5e-3+0.05*math.Abs(want) {
					t.Errorf("parameter %d[%d]: gradient %v, central difference %v", k, i, got, want)
				}
			}
			if largest < 0.008 {
				t.Errorf("the gradient of parameter %d is at most %v, too little to compare", k, largest)
			}
		}
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
}
