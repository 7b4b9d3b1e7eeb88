package graph_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/deepscaler/deepscaler/estimator/graph"
)

// matrix is a square matrix of a file that hack/golden made: what an independent
// reference, written from the paper's equations, computes.
type matrix struct {
	Shape []int     `json:"shape"`
	Data  []float64 `json:"data"`
}

func (m matrix) size() int { return m.Shape[0] }

// golden reads the cases of a file.
func golden[C any](t *testing.T, name string) []C {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "hack", "golden", "testdata", "graph-"+name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases []C `json:"cases"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) == 0 {
		t.Fatalf("graph-%s.json has no cases", name)
	}
	return file.Cases
}

// near reports a difference beyond the rounding of the files, to 13 digits.
func near(t *testing.T, name string, got, want []float64) {
	t.Helper()
	within(t, name, got, want, 1e-11)
}

func within(t *testing.T, name string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s has %d numbers, want %d", name, len(got), len(want))
		return
	}
	for i, w := range want {
		if d := math.Abs(got[i] - w); !(d <= tolerance*max(1, math.Abs(w))) {
			t.Errorf("%s[%d] is %v, want %v", name, i, got[i], w)
		}
	}
}

func data(matrices []matrix) [][]float64 {
	var all [][]float64
	for _, m := range matrices {
		all = append(all, m.Data)
	}
	return all
}

func narrow(v []float64) []float32 {
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x)
	}
	return out
}

func widen(v []float32) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = float64(x)
	}
	return out
}

// TestGoldenUnion is Eq. 3.
func TestGoldenUnion(t *testing.T) {
	type unionCase struct {
		Name       string   `json:"name"`
		Graphs     []matrix `json:"graphs"`
		Normalised []matrix `json:"normalised"`
		Union      matrix   `json:"union"`
	}
	for _, c := range golden[unionCase](t, "union") {
		t.Run(c.Name, func(t *testing.T) {
			n := c.Union.size()
			for i, g := range c.Graphs {
				near(t, "normalised graph", graph.WithSelfLoops(g.Data, n), c.Normalised[i].Data)
			}
			near(t, "union", graph.Union(data(c.Graphs), n), c.Union.Data)
		})
	}
}

// TestGoldenNorm is Eq. 6.
func TestGoldenNorm(t *testing.T) {
	type normCase struct {
		Name        string  `json:"name"`
		Epsilon     float64 `json:"epsilon"`
		Affinity    matrix  `json:"affinity"`
		Scaled      matrix  `json:"scaled"`
		Thresholded matrix  `json:"thresholded"`
		Norm        matrix  `json:"norm"`
		Weight      matrix  `json:"weight"`
		Objective   float64 `json:"objective"`
	}
	for _, c := range golden[normCase](t, "norm") {
		t.Run(c.Name, func(t *testing.T) {
			n := c.Affinity.size()
			norm := graph.Sparse(c.Affinity.Data, n, c.Epsilon)
			near(t, "scaled", graph.Normalise(c.Affinity.Data, n), c.Scaled.Data)
			near(t, "norm of what passed the threshold", graph.Normalise(c.Thresholded.Data, n), c.Norm.Data)
			near(t, "norm", norm, c.Norm.Data)
			objective := 0.0
			for i, v := range norm {
				objective += v * c.Weight.Data[i]
			}
			near(t, "objective", []float64{objective}, []float64{c.Objective})

			narrowed := graph.Sparse(narrow(c.Affinity.Data), n, float32(c.Epsilon))
			within(t, "norm in float32", widen(narrowed), c.Norm.Data, 1e-5)
		})
	}
}

// TestGoldenUpdate is Eq. 9.
func TestGoldenUpdate(t *testing.T) {
	type updateCase struct {
		Name    string    `json:"name"`
		Epsilon float64   `json:"epsilon"`
		Losses  []float64 `json:"losses"`
		Graphs  []matrix  `json:"graphs"`
		Weights []float64 `json:"weights"`
		Mixture matrix    `json:"mixture"`
		Norm    matrix    `json:"norm"`
	}
	for _, c := range golden[updateCase](t, "update") {
		t.Run(c.Name, func(t *testing.T) {
			n := c.Mixture.size()
			weights := graph.Weights(c.Losses, 1)
			mixture := graph.Combine(data(c.Graphs), weights, n)
			near(t, "weights", weights, c.Weights)
			near(t, "mixture", mixture, c.Mixture.Data)
			near(t, "norm", graph.Sparse(mixture, n, c.Epsilon), c.Norm.Data)
		})
	}
}
