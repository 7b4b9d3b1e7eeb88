package generator

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"gorgonia.org/gorgonia"
)

// goldenTensor is an array of a file that hack/golden made: what an independent
// reference, written from the paper's equations, computes.
type goldenTensor struct {
	Name  string    `json:"name"`
	Shape []int     `json:"shape"`
	Data  []float64 `json:"data"`
}

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

// near reports differences beyond tolerance times the largest magnitude of want.
func near[T Float](t *testing.T, name string, got []T, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s has %d numbers, want %d", name, len(got), len(want))
		return
	}
	largest := 0.0
	for _, w := range want {
		largest = max(largest, math.Abs(w))
	}
	for i, w := range want {
		if d := math.Abs(float64(got[i]) - w); !(d <= tolerance*largest) {
			t.Errorf("%s[%d] is %v, want %v", name, i, got[i], w)
		}
	}
}

type generatorCase struct {
	Name       string         `json:"name"`
	Epsilon    float64        `json:"epsilon"`
	Parameters []goldenTensor `json:"parameters"`
	Affinity   goldenTensor   `json:"affinity"`
	Stages     []goldenTensor `json:"stages"`
	Output     goldenTensor   `json:"output"`
	Weight     goldenTensor   `json:"weight"`
	Objective  float64        `json:"objective"`
	Gradients  struct {
		Parameters []goldenTensor `json:"parameters"`
	} `json:"gradients"`
}

// TestGoldenGenerator is §IV-B, Eq. 5: G(A) = Norm(S⊙A₁ + (1−S)⊙A) with
// A₁ = ReLU(M₁M₂ᵀ − M₂M₁ᵀ + Diag(Λ)) and S = σ(h([A₁, A])), and the gradients of π.
func TestGoldenGenerator(t *testing.T) {
	for _, c := range golden[generatorCase](t, "generator") {
		t.Run(c.Name+"/float64", func(t *testing.T) { checkGenerator[float64](t, c, 1e-11) })
		t.Run(c.Name+"/float32", func(t *testing.T) { checkGenerator[float32](t, c, 1e-5) })
	}
}

func checkGenerator[T Float](t *testing.T, c generatorCase, tolerance float64) {
	shape := c.Parameters[0].Shape
	p := Zero[T](shape[0], shape[1])
	for i, data := range p.All() {
		if len(data) != len(c.Parameters[i].Data) {
			t.Fatalf("parameter %d has %d numbers, %s has %d", i, len(data), c.Parameters[i].Name, len(c.Parameters[i].Data))
		}
		copy(data, cast[T](c.Parameters[i].Data))
	}
	r := express(t, p, cast[T](c.Affinity.Data), Settings{c.Epsilon, 0.1, 0.1}, cast[T](c.Weight.Data), 0)
	for run := range 2 { // what one run leaves behind must not change the next
		objective, gradients := r.run(t)
		stages := map[string][]T{"a1": r.value(0), "s": r.value(1), "mix": r.value(2)}
		if len(c.Stages) != len(stages) {
			t.Errorf("the reference has %d stages, want %d", len(c.Stages), len(stages))
		}
		for _, want := range c.Stages {
			near(t, want.Name, stages[want.Name], want.Data, tolerance)
		}
		near(t, "output", r.value(3), c.Output.Data, tolerance)
		near(t, "objective", []float64{objective}, []float64{c.Objective}, tolerance)
		for i, want := range c.Gradients.Parameters {
			near(t, fmt.Sprintf("run %d: gradient of %s", run, want.Name), gradients[i], want.Data, tolerance)
		}
	}
}

func cast[T Float](v []float64) []T {
	out := make([]T, len(v))
	for i, x := range v {
		out[i] = T(x)
	}
	return out
}

type edgesCase struct {
	Name    string       `json:"name"`
	Delta   float64      `json:"delta"`
	Old     goldenTensor `json:"old"`
	New     goldenTensor `json:"new"`
	Count   int          `json:"count"`
	Penalty float64      `json:"penalty"`
}

// TestGoldenNewEdges is §IV-B, Eq. 7 and 8: ReLU(C/N² − δ)/δ, C = Σ ReLU(I(A_new) − I(A_old)).
// Where we count w/(w+softness) for an edge of weight w, the paper counts 1, so with
// less and less softness ours approaches it from below.
func TestGoldenNewEdges(t *testing.T) {
	for _, c := range golden[edgesCase](t, "edges") {
		t.Run(c.Name, func(t *testing.T) {
			size := float64(len(c.New.Data))
			last := 0.0
			for _, softness := range []float64{0.1, 1e-2, 1e-4, 1e-8, 1e-14} {
				got, _ := newEdges(t, c.New.Data, c.Old.Data, c.Delta, softness)
				if got < last || got > c.Penalty+1e-10 {
					t.Errorf("softness %v costs %v, want %v (as with more) to %v", softness, got, last, c.Penalty)
				}
				last = got
			}
			if math.Abs(last-c.Penalty) > 1e-10 {
				t.Errorf("without softness the cost is %v, want %v", last, c.Penalty)
			}
			// The count by itself, from a δ so small that every edge costs.
			const delta = 1e-6
			cost, gradient := newEdges(t, c.New.Data, c.Old.Data, delta, 1e-14)
			if count := (cost*delta + delta) * size; math.Abs(count-float64(c.Count)) > 1e-8 {
				t.Errorf("C is %v, want %d", count, c.Count)
			}
			for i, d := range gradient {
				if c.New.Data[i] == 0 {
					continue // graph learning never gets there: ReLU ends its gradient
				}
				if added := c.Old.Data[i] == 0; (d > 0) != added {
					t.Errorf("gradient %v at entry %d, which is new: %t", d, i, added)
				}
			}
		})
	}
}

// newEdges returns the cost of an A_new and its gradient.
func newEdges(t *testing.T, anew, old []float64, delta, softness float64) (cost float64, gradient []float64) {
	t.Helper()
	n := int(math.Sqrt(float64(len(old))))
	g := gorgonia.NewGraph()
	in := node(g, "new", anew, n, n)
	out := builder[float64]{g, n}.newEdges(in, node(g, "old", old, n*n, 1), delta, softness)
	var value gorgonia.Value
	gorgonia.Read(out, &value)
	if _, err := gorgonia.Grad(out, in); err != nil {
		t.Fatal(err)
	}
	machine := gorgonia.NewTapeMachine(g, gorgonia.BindDualValues(in))
	defer machine.Close()
	if err := machine.RunAll(); err != nil {
		t.Fatal(err)
	}
	d, err := in.Grad()
	if err != nil {
		t.Fatal(err)
	}
	return value.Data().(float64), d.Data().([]float64)
}
